import type { QueryDataResponse } from "@dataplane/plugin-protocol";

/** An answer that is given again for a while. */
export interface KeptAnswer {
  readonly response: QueryDataResponse;
  /** What it holds in memory. */
  readonly bytes: number;
  readonly expiresAtMs: number;
}

/** One answer may fill no more than this part of the cache. */
const largestPart = 4;

/** Answers by key; those that were not asked for longest make room for new ones. */
export class KeptAnswers {
  readonly #maxBytes: number;
  /** In the order of their last use. */
  readonly #answers = new Map<string, KeptAnswer>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(key: string, nowMs: number): KeptAnswer | undefined {
    const found = this.#answers.get(key);
    if (found === undefined) return undefined;
    if (found.expiresAtMs <= nowMs) {
      this.delete(key);
      return undefined;
    }
    this.#answers.delete(key);
    this.#answers.set(key, found);
    return found;
  }

  /** False when it is too large to be kept. */
  set(key: string, answer: KeptAnswer): boolean {
    this.delete(key);
    if (answer.bytes * largestPart > this.#maxBytes) return false;
    this.#answers.set(key, answer);
    this.#bytes += answer.bytes;
    for (const oldest of this.#answers.keys()) {
      if (this.#bytes <= this.#maxBytes) break;
      this.delete(oldest);
    }
    return true;
  }

  delete(key: string): void {
    const found = this.#answers.get(key);
    if (found === undefined) return;
    this.#answers.delete(key);
    this.#bytes -= found.bytes;
  }
}
