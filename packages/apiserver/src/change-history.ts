import type { StoredValue } from "./codec.js";

/** One change of the store, parsed once for all who watch. */
export interface CacheChange {
  readonly revision: bigint;
  readonly key: string;
  readonly current: StoredValue | undefined;
  readonly previous: StoredValue | undefined;
}

export interface HistoryLimits {
  /** Changes that are kept; 10,000 unless told, and up to twice as many between two cuts. */
  readonly history?: number;
  /** Bytes of JSON that they may hold together; 32 MiB unless told. Large objects leave a shorter history, not a larger process. */
  readonly historyBytes?: number;
}

/** The newest changes, in order and without gaps. */
export class ChangeHistory {
  readonly #limit: number;
  readonly #limitBytes: number;
  #changes: CacheChange[] = [];
  #bytes = 0;
  #start = 0n;

  constructor({ history = 10_000, historyBytes = 32 * 1024 * 1024 }: HistoryLimits) {
    this.#limit = history;
    this.#limitBytes = historyBytes;
  }

  /** Every change after this revision is here; earlier ones may be missing. */
  get start(): bigint {
    return this.#start;
  }

  /** False when earlier changes would only push themselves out again. */
  get hasRoom(): boolean {
    return this.#changes.length < this.#limit && this.#bytes <= this.#limitBytes / 2;
  }

  after(revision: bigint): readonly CacheChange[] {
    let index = this.#changes.length;
    while (index > 0 && (this.#changes[index - 1]?.revision ?? 0n) > revision) index--;
    return this.#changes.slice(index);
  }

  /** Nothing is known but that the state is that of `start`. */
  reset(start: bigint): void {
    this.#changes = [];
    this.#bytes = 0;
    this.#start = start;
  }

  add(change: CacheChange): void {
    this.#changes.push(change);
    this.#bytes += sizeOf(change);
    this.#cut();
  }

  /** As many of the changes after `start` and up to the present one as there is room for; they are in order. False when no room was left for all. */
  prepend(changes: readonly CacheChange[], start: bigint): boolean {
    const own = this.#start;
    let first = changes.length;
    let bytes = this.#bytes;
    while (first > 0 && this.#changes.length + changes.length - first < this.#limit && bytes <= this.#limitBytes / 2)
      bytes += sizeOf(changes[--first]);
    this.#changes = [...changes.slice(first), ...this.#changes];
    this.#bytes = bytes;
    this.#start = first === 0 ? start : (changes[first - 1]?.revision ?? own);
    return first === 0;
  }

  /** In halves, not one by one: moving the array for each change would cost more than keeping it. */
  #cut(): void {
    const isLong = this.#changes.length > this.#limit * 2;
    if (!isLong && this.#bytes <= this.#limitBytes) return;
    let cut = isLong ? this.#changes.length - this.#limit : 0;
    let bytes = this.#changes.slice(cut).reduce((sum, kept) => sum + sizeOf(kept), 0);
    for (; bytes > this.#limitBytes / 2 && cut < this.#changes.length; cut++) bytes -= sizeOf(this.#changes[cut]);
    const dropped = this.#changes.splice(0, cut);
    this.#bytes = bytes;
    this.#start = dropped.at(-1)?.revision ?? this.#start;
  }
}

/** What a change keeps alive: its value, and of a deletion the one before. */
const sizeOf = (change: CacheChange | undefined): number => (change?.current ?? change?.previous)?.json.byteLength ?? 0;
