import { compareKeys, keyPosition } from "./key.js";
import { type Entry, type Listing, type Page, RevisionCompacted, RevisionFuture } from "./store.js";
import { changeKey, changeRevision, type History, type WriteChange } from "./watch-hub.js";

// A watch that is behind takes this many changes of the log at a time.
const historyPage = 1000;

/** The revision log of the memory store: every change since the last compaction, and each key's versions, oldest first. */
export class MemoryLog {
  #revision = 1n;
  #oldest = 1n;
  /** Change number n is of revision `oldest + 1 + n`: one write is one revision, so there are no gaps. */
  #changes: WriteChange[] = [];
  readonly #versions = new Map<string, WriteChange[]>();
  /** The keys of `versions`, in the order of lists. */
  readonly #keys: string[] = [];

  get revision(): bigint {
    return this.#revision;
  }

  append(change: WriteChange): void {
    const key = changeKey(change);
    const versions = this.#versions.get(key);
    if (versions === undefined) {
      this.#keys.splice(keyPosition(this.#keys, key), 0, key);
      this.#versions.set(key, [change]);
    } else {
      versions.push(change);
    }
    this.#changes.push(change);
    this.#revision = changeRevision(change);
  }

  get(key: string): Entry | undefined {
    const newest = this.#versions.get(key)?.at(-1);
    return newest?.type === "put" ? newest.entry : undefined;
  }

  list(prefix: string, { limit = Number.POSITIVE_INFINITY, after, at = this.#revision }: Page): Listing {
    this.#checkKept(at);
    if (at > this.#revision) throw new RevisionFuture(this.#revision);
    const entries: Entry[] = [];
    for (let index = this.#start(prefix, after); index < this.#keys.length; index += 1) {
      const key = this.#keys[index];
      if (key?.startsWith(prefix) !== true) break;
      const entry = this.#getAt(key, at);
      if (entry === undefined) continue;
      if (entries.length >= limit) return { entries, revision: at, more: true };
      entries.push(entry);
    }
    return { entries, revision: at, more: false };
  }

  /** See ReadHistory. */
  history(prefix: string, after: bigint): History {
    // Revision 0 is before the empty store: nothing happened from there to 1.
    const since = after < 1n ? 1n : after;
    this.#checkKept(since);
    const start = Number(since - this.#oldest);
    const page = this.#changes.slice(start, start + historyPage);
    return { changes: page.filter((change) => changeKey(change).startsWith(prefix)), upTo: since + BigInt(page.length) };
  }

  compact(before: bigint): void {
    if (before > this.#revision) throw new RevisionFuture(this.#revision);
    if (before <= this.#oldest) return;
    const dropped = this.#changes.splice(0, Number(before - this.#oldest));
    this.#oldest = before;
    for (const key of new Set(dropped.map(changeKey))) this.#forget(key);
  }

  /** Drops what no reader at `oldest` or later can see of `key`. */
  #forget(key: string): void {
    const versions = this.#versions.get(key) ?? [];
    const first = versions.findLastIndex((version) => changeRevision(version) <= this.#oldest);
    const kept = versions.slice(versions[first]?.type === "delete" ? first + 1 : Math.max(first, 0));
    if (kept.length > 0) {
      this.#versions.set(key, kept);
      return;
    }
    this.#versions.delete(key);
    this.#keys.splice(keyPosition(this.#keys, key), 1);
  }

  #getAt(key: string, at: bigint): Entry | undefined {
    const version = this.#versions.get(key)?.findLast((each) => changeRevision(each) <= at);
    return version?.type === "put" ? version.entry : undefined;
  }

  #checkKept(revision: bigint): void {
    if (revision < this.#oldest) throw new RevisionCompacted(this.#oldest);
  }

  #start(prefix: string, after: string | undefined): number {
    if (after === undefined || compareKeys(after, prefix) < 0) return keyPosition(this.#keys, prefix);
    const index = keyPosition(this.#keys, after);
    return this.#keys[index] === after ? index + 1 : index;
  }
}
