import { changeKey, changeRevision, type Entry, type History, type WriteChange } from "@dataplane/storage";

const mostChanges = 4096;
const mostBytes = 16 * 1024 * 1024;
/** As many are given at a time. */
const pageLength = 1000;

/** The last changes of the store, so that a watch which begins or is a little behind need not ask etcd. */
export class RecentChanges {
  #changes: WriteChange[] = [];
  #bytes = 0;
  /** Every change after it is here. */
  #start: bigint;

  constructor(start: bigint) {
    this.#start = start;
  }

  add(change: WriteChange): void {
    this.#changes.push(change);
    this.#bytes += bytesOf(change);
    if (this.#changes.length > mostChanges || this.#bytes > mostBytes) this.#drop();
  }

  /** Forgets all; what follows comes after `start`. */
  restart(start: bigint): void {
    this.#changes = [];
    this.#bytes = 0;
    this.#start = start;
  }

  /** The changes under `prefix` after a revision, up to `newest`; undefined when some are not here any more. */
  history(prefix: string, after: bigint, newest: bigint): History | undefined {
    if (after < this.#start) return undefined;
    const first = this.#position(after);
    const page = this.#changes.slice(first, first + pageLength);
    const isAll = first + page.length >= this.#changes.length;
    const last = page.at(-1);
    const upTo = last === undefined ? newest : changeRevision(last);
    return {
      changes: page.filter((change) => changeKey(change).startsWith(prefix)),
      // There may be more by now than when `newest` was read.
      upTo: isAll && newest > upTo ? newest : upTo,
    };
  }

  /** What the key was last set to, where that is known. */
  newest(key: string): Entry | undefined {
    const change = this.#changes.findLast((each) => changeKey(each) === key);
    return change?.type === "put" ? change.entry : undefined;
  }

  /** The older half, so that this is seldom. */
  #drop(): void {
    const dropped = this.#changes.splice(0, Math.ceil(this.#changes.length / 2));
    const last = dropped.at(-1);
    if (last !== undefined) this.#start = changeRevision(last);
    this.#bytes = this.#changes.reduce((sum, change) => sum + bytesOf(change), 0);
  }

  /** Index of the first change after that revision. */
  #position(after: bigint): number {
    let low = 0;
    let high = this.#changes.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const change = this.#changes[middle];
      if (change !== undefined && changeRevision(change) <= after) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function bytesOf(change: WriteChange): number {
  const value = change.type === "put" ? change.entry.value.byteLength : 0;
  return value + (change.previous?.value.byteLength ?? 0);
}
