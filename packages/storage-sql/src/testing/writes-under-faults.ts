import { setTimeout as sleep } from "node:timers/promises";
import { type Change, OutcomeUnknown, type Store, StoreReadOnly, StoreUnavailable } from "@dataplane/storage";

export interface FaultedWritesOptions {
  readonly store: Store;
  /** Every write is below it. Nobody else writes there. */
  readonly root: string;
  readonly writers: number;
  /** Harms the database while it is written to, and resolves when it is well again. */
  readonly faults: () => Promise<void>;
}

export interface FaultedWritesReport {
  readonly acknowledged: number;
  /** Writes of which the store said that nothing was written; each was tried again. */
  readonly refused: number;
  /** Writes of which the store said that it does not know. */
  readonly unknown: number;
  /** Longest time without an acknowledged write, and how long the database was harmed, in milliseconds. */
  readonly longestPauseMs: number;
  readonly harmedMs: number;
  /** The first promises that were broken, in words; empty when all is well. */
  readonly violations: readonly string[];
}

/** One key and what its only writer knows of it. */
interface Chain {
  readonly key: string;
  revision: bigint;
  step: number;
}

/** Many write, each its own key again and again from the revision it knows, and one watches, while the database is harmed; then all is compared. */
export async function writeUnderFaults({ store, root, writers, faults }: FaultedWritesOptions): Promise<FaultedWritesReport> {
  const run = new FaultedWrites(store, root);
  const since = await store.revision();
  const watching = new AbortController();
  const watched = run.watch(since, watching.signal);
  const done = new AbortController();
  const chains = Array.from({ length: writers }, (_, index) => run.write({ key: `${root}/${String(index)}`, revision: 0n, step: 0 }, done.signal));
  await run.writesAgain();
  const began = performance.now();
  await faults();
  const harmedMs = Math.round(performance.now() - began);
  await run.writesAgain();
  done.abort();
  const ends = await Promise.all(chains);
  await run.compare(since, ends, watched);
  watching.abort();
  return { ...run.report(), harmedMs };
}

class FaultedWrites {
  readonly #store: Store;
  readonly #root: string;
  readonly #acknowledged = new Map<bigint, string>();
  readonly #violations: string[] = [];
  #refused = 0;
  #unknown = 0;
  #last = performance.now();
  #longestPauseMs = 0;

  constructor(store: Store, root: string) {
    this.#store = store;
    this.#root = root;
  }

  report(): Omit<FaultedWritesReport, "harmedMs"> {
    return {
      acknowledged: this.#acknowledged.size,
      refused: this.#refused,
      unknown: this.#unknown,
      longestPauseMs: Math.round(this.#longestPauseMs),
      violations: this.#violations.slice(0, 20),
    };
  }

  /** Resolves when there are some more acknowledged writes. */
  async writesAgain(): Promise<void> {
    const before = this.#acknowledged.size;
    while (this.#acknowledged.size < before + 100) await sleep(10);
  }

  /** Resolves when `signal` has aborted and the last write is decided. */
  async write(chain: Chain, signal: AbortSignal): Promise<Chain> {
    while (!signal.aborted) await this.#step(chain);
    return chain;
  }

  /** What a watch gave until now; it goes on until `signal` aborts. */
  watch(since: bigint, signal: AbortSignal): readonly string[] {
    const seen: string[] = [];
    void this.#follow(seen, since, signal).catch((thrown: unknown) => this.#violations.push(`the watch ended: ${String(thrown)}`));
    return seen;
  }

  /** Holds what was acknowledged and what the watch gave to what is stored now. */
  async compare(since: bigint, ends: readonly Chain[], watched: readonly string[]): Promise<void> {
    for (const { key, revision } of ends) {
      const found = await this.#store.get(key);
      if (found?.revision !== revision) this.#violations.push(`${key} is at ${String(found?.revision)} and not at ${String(revision)}`);
    }
    const stored = await this.#history(since);
    const present = new Set(stored);
    for (const [revision, value] of this.#acknowledged) {
      if (!present.has(`${String(revision)} ${value}`)) this.#violations.push(`lost: ${String(revision)} ${value}`);
    }
    for (const end = performance.now() + 15_000; performance.now() < end && watched.length < stored.length; ) await sleep(10);
    const wrong = stored.findIndex((each, index) => watched[index] !== each);
    if (wrong >= 0) this.#violations.push(`the watch gave ${String(watched[wrong])} where ${String(stored[wrong])} was written`);
    if (watched.length > stored.length) this.#violations.push(`the watch gave ${String(watched.length)} of ${String(stored.length)} changes`);
  }

  async #step(chain: Chain): Promise<void> {
    const value = `${chain.key} ${String(chain.step + 1)}`;
    try {
      const { revision } = await this.#store.put(chain.key, new TextEncoder().encode(value), { expected: chain.revision });
      this.#acknowledge(chain, revision, value);
    } catch (thrown) {
      if (thrown instanceof StoreUnavailable || thrown instanceof StoreReadOnly) {
        this.#refused += 1;
        await sleep(20);
      } else if (thrown instanceof OutcomeUnknown) {
        this.#unknown += 1;
        await this.#decide(chain, value);
      } else {
        this.#violations.push(`${chain.key} at ${String(chain.revision)}: ${String(thrown)}`);
        await this.#decide(chain, value);
      }
    }
  }

  #acknowledge(chain: Chain, revision: bigint, value: string): void {
    const before = this.#acknowledged.get(revision);
    if (before !== undefined) this.#violations.push(`revision ${String(revision)} was given for ${before} and for ${value}`);
    this.#acknowledged.set(revision, value);
    chain.revision = revision;
    chain.step += 1;
    const now = performance.now();
    this.#longestPauseMs = Math.max(this.#longestPauseMs, now - this.#last);
    this.#last = now;
  }

  /** Reads what became of a write whose outcome is not known. */
  async #decide(chain: Chain, value: string): Promise<void> {
    for (;;) {
      const found = await this.#store.get(chain.key).catch((thrown: unknown) => {
        if (!(thrown instanceof StoreUnavailable)) throw thrown;
        return "unavailable" as const;
      });
      if (found !== "unavailable") {
        const isWritten = found !== undefined && found.revision !== chain.revision;
        if (!isWritten) return;
        if (new TextDecoder().decode(found.value) !== value) this.#violations.push(`${chain.key} has a value that nobody wrote next`);
        this.#acknowledge(chain, found.revision, value);
        return;
      }
      await sleep(20);
    }
  }

  async #follow(seen: string[], since: bigint, signal: AbortSignal): Promise<void> {
    for await (const change of this.#store.watch(`${this.#root}/`, since, signal)) {
      if (change.type !== "progress") seen.push(brief(change));
    }
  }

  async #history(since: bigint): Promise<readonly string[]> {
    const newest = await this.#store.revision();
    const seen: string[] = [];
    for await (const change of this.#store.watch(`${this.#root}/`, since, AbortSignal.timeout(20_000))) {
      if (change.type !== "progress") seen.push(brief(change));
      if ((change.type === "put" ? change.entry.revision : change.revision) >= newest) break;
    }
    return seen;
  }
}

const brief = (change: Exclude<Change, { readonly type: "progress" }>): string =>
  change.type === "put"
    ? `${String(change.entry.revision)} ${new TextDecoder().decode(change.entry.value)}`
    : `${String(change.revision)} deleted ${change.key}`;
