import { LinkedAbort, type Logger, TimeLimit } from "@dataplane/meta";
import { type Change, changeKey, changeRevision, RevisionCompacted, RevisionFuture, type Store } from "@dataplane/storage";
import type { CacheChange, ChangeHistory } from "./change-history.js";
import { StoredValue } from "./codec.js";

export interface EarlierChangesOptions {
  readonly store: Pick<Store, "watch" | "revision">;
  readonly history: ChangeHistory;
  readonly logger: Logger;
}

/** The store has as long to give them; who waits longer may as well list. */
const readTimeMs = 3_000;

/**
 * What happened before this process began: read from the store when a watch comes back from there, so that clients of a server that was
 * restarted go on where they were, and need not list everything again.
 */
export class EarlierChanges {
  readonly #options: EarlierChangesOptions;
  /** Nothing before this can be had. */
  #oldest = 0n;
  #reading: Promise<void> = Promise.resolve();

  constructor(options: EarlierChangesOptions) {
    this.#options = options;
  }

  /** Resolves when the history reaches back to `since`, or it is known that it does not. */
  async reach(since: bigint): Promise<void> {
    if (!this.#isMissing(since)) return;
    // One after another: whoever came first may have brought what the next ones need.
    this.#reading = this.#reading.then(() => (this.#isMissing(since) ? this.#read(since) : undefined));
    await this.#reading;
  }

  /** The store was put back, or lost its history: what was known of it is not so. */
  forget(): void {
    this.#oldest = 0n;
  }

  #isMissing(since: bigint): boolean {
    const { history } = this.#options;
    return since < history.start && since >= this.#oldest && history.hasRoom;
  }

  async #read(since: bigint): Promise<void> {
    const { history, logger } = this.#options;
    const { start } = history;
    const limit = new TimeLimit({ ms: readTimeMs });
    const ending = new LinkedAbort(limit.signal);
    try {
      const changes = await this.#changesUpTo(since, start, ending.signal);
      // Cut or begun anew meanwhile: the two do not fit together any more.
      if (history.start !== start) return;
      if (changes === undefined) this.#oldest = since + 1n;
      else history.prepend(changes, since);
    } catch (error) {
      if (error instanceof RevisionCompacted) this.#oldest = error.oldest;
      else if (!(error instanceof RevisionFuture)) logger.warn({ err: error }, "changes from before the start could not be read");
    } finally {
      ending.abort();
      limit.release();
    }
  }

  /** Undefined when the time was over. */
  async #changesUpTo(since: bigint, last: bigint, signal: AbortSignal): Promise<readonly CacheChange[] | undefined> {
    const { store } = this.#options;
    const changes: CacheChange[] = [];
    const watching = store.watch("/", since, signal)[Symbol.asyncIterator]();
    const first = watching.next();
    // A store that is shared may have nothing of ours at the end: asked for its revision, it lets each watch tell that it has come there.
    await Promise.race([first, store.revision()]).catch(() => undefined);
    for (let next = await first; next.done !== true; next = await watching.next()) {
      const change = next.value;
      const revision = changeRevision(change);
      if (change.type !== "progress" && revision <= last) changes.push(cacheChange(change));
      if (revision >= last) return changes;
    }
    return undefined;
  }
}

function cacheChange(change: Exclude<Change, { type: "progress" }>): CacheChange {
  const key = changeKey(change);
  const valueOf = (entry: typeof change.previous): StoredValue | undefined =>
    entry === undefined ? undefined : new StoredValue(key, entry.revision, entry.value, entry.damage);
  return {
    ...{ key, revision: changeRevision(change), previous: valueOf(change.previous) },
    current: change.type === "put" ? valueOf(change.entry) : undefined,
  };
}
