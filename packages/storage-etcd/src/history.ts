import { setTimeout as sleep } from "node:timers/promises";
import { changeRevision, type History, RevisionCompacted, RevisionFuture, StoreUnavailable, type WriteChange } from "@dataplane/storage";
import type { Cluster } from "./cluster.js";
import { toBigInt } from "./codec.js";
import { EtcdFault, isCompacted, isFuture } from "./etcd-fault.js";
import type { KeySpace } from "./key-space.js";
import type { KeyValues } from "./key-values.js";
import type { WatchResponse } from "./messages.js";
import { range } from "./methods.js";
import type { ProgressMeans } from "./progress.js";
import { changeOf, checkWatch, eventRevision, isProgress, PreviousLost, WatchCompacted } from "./read-events.js";
import type { RecentChanges } from "./recent-changes.js";
import { WatchStream } from "./watch-stream.js";

const mostChanges = 1000;
const mostBytes = 4 * 1024 * 1024;
const againMs = 200;
const progressMs = 30;
const oldestMs = 3000;

export interface EtcdHistoryOptions {
  readonly cluster: Cluster;
  readonly keys: KeySpace;
  readonly values: KeyValues;
  readonly recent: RecentChanges;
  readonly progress: ProgressMeans;
}

/** What happened before: from memory where that goes back far enough, else by a watch of its own from there. */
export class EtcdHistory {
  readonly #options: EtcdHistoryOptions;

  constructor(options: EtcdHistoryOptions) {
    this.#options = options;
  }

  /** Waits while etcd is away. `newest` is the revision up to which the live watch has come. */
  async read(prefix: string, after: bigint, newest: bigint, signal: AbortSignal): Promise<History> {
    for (;;) {
      if (after >= newest || signal.aborted) return { changes: [], upTo: after };
      try {
        return await untilAborted(this.#read(prefix, after, newest), signal);
      } catch (thrown) {
        const isPassing = thrown instanceof StoreUnavailable || thrown instanceof EtcdFault;
        if (!isPassing && !isAborted(signal)) throw await this.#reason(thrown);
        await sleep(againMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  async #reason(thrown: unknown): Promise<unknown> {
    if (thrown instanceof WatchCompacted) return new RevisionCompacted(thrown.oldest);
    return thrown instanceof PreviousLost ? new RevisionCompacted(await this.oldest()) : thrown;
  }

  /** Throws RevisionCompacted or RevisionFuture when the state of that revision cannot be asked for. */
  async checkKept(revision: bigint): Promise<void> {
    const { cluster, keys, values } = this.#options;
    try {
      await cluster.read(range, { key: keys.probe, countOnly: true, revision: Number(revision < 1n ? 1n : revision) });
    } catch (thrown) {
      if (thrown instanceof EtcdFault && isCompacted(thrown)) throw new RevisionCompacted(await this.oldest());
      if (thrown instanceof EtcdFault && isFuture(thrown)) throw new RevisionFuture(await values.revision());
      throw thrown;
    }
  }

  /** The oldest revision that can be asked for: etcd tells it to who watches from before. */
  async oldest(): Promise<bigint> {
    const { cluster, keys } = this.#options;
    const on = await cluster.connected();
    const stream = new WatchStream({ on, range: { key: keys.probe }, start: 1n, onResponse: checkWatch });
    const timer = setTimeout(() => stream.cancel(), oldestMs);
    try {
      await stream.ended;
      return 1n;
    } catch (thrown) {
      if (thrown instanceof WatchCompacted) return thrown.oldest;
      throw thrown;
    } finally {
      clearTimeout(timer);
    }
  }

  async #read(prefix: string, after: bigint, newest: bigint): Promise<History> {
    // Compaction by others is heard of in no other way.
    await this.checkKept(after);
    return this.#options.recent.history(prefix, after, newest) ?? (await this.#watchPage(prefix, after, newest));
  }

  async #watchPage(prefix: string, after: bigint, newest: bigint): Promise<History> {
    const { cluster, values, progress } = this.#options;
    const on = await cluster.connected();
    const means = await progress.on(on);
    const page = new HistoryPage(values, prefix, newest);
    const stream = new WatchStream({
      on,
      range: means.range(prefix),
      start: after < 1n ? 1n : after + 1n,
      onResponse: (response) => {
        if (!page.take(response)) stream.cancel();
      },
    });
    const timer = setInterval(() => means.ask(stream), progressMs);
    try {
      await stream.ended;
    } finally {
      clearInterval(timer);
      stream.cancel();
    }
    return page.history;
  }
}

/** Changes up to a revision, or as many as a page holds. */
class HistoryPage {
  readonly #values: KeyValues;
  readonly #prefix: string;
  readonly #newest: bigint;
  readonly #changes: WriteChange[] = [];
  #bytes = 0;
  #isWhole = false;

  constructor(values: KeyValues, prefix: string, newest: bigint) {
    this.#values = values;
    this.#prefix = prefix;
    this.#newest = newest;
  }

  get history(): History {
    const last = this.#changes.at(-1);
    return { changes: this.#changes, upTo: this.#isWhole || last === undefined ? this.#newest : changeRevision(last) };
  }

  /** False when the page is full, or has all. */
  take(response: WatchResponse): boolean {
    checkWatch(response);
    if (isProgress(response)) this.#isWhole ||= toBigInt(response.header?.revision ?? 0) >= this.#newest;
    for (const event of response.events) {
      const revision = eventRevision(event);
      this.#isWhole ||= revision >= this.#newest;
      if (revision <= this.#newest) this.#add(changeOf(event, this.#values, () => undefined));
    }
    return !this.#isWhole && this.#changes.length < mostChanges && this.#bytes < mostBytes;
  }

  #add(change: WriteChange | undefined): void {
    const key = change?.type === "delete" ? change.key : change?.entry.key;
    if (change === undefined || key?.startsWith(this.#prefix) !== true) return;
    this.#changes.push(change);
    this.#bytes += (change.type === "put" ? change.entry.value.byteLength : 0) + (change.previous?.value.byteLength ?? 0);
  }
}

// Read anew: it may have aborted since.
const isAborted = (signal: AbortSignal): boolean => signal.aborted;

/** Rejects as soon as the signal aborts. */
function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(new Error("aborted"));
    signal.addEventListener("abort", abort, { once: true });
    void work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
