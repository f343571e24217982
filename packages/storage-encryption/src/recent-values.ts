interface RecentValue {
  readonly revision: bigint;
  readonly plain: Uint8Array;
}

const maxEntries = 1_000;
const maxBytes = 4 * 1024 * 1024;

/**
 * Values in clear that were written or opened a moment ago: the watch that brings a write of this server, and the change that replaces it,
 * need not open what is known. A revision's value never changes.
 */
export class RecentValues {
  readonly #values = new Map<string, RecentValue>();
  #bytes = 0;

  get(key: string, revision: bigint): Uint8Array | undefined {
    const found = this.#values.get(key);
    return found?.revision === revision ? found.plain : undefined;
  }

  set(key: string, revision: bigint, plain: Uint8Array): void {
    if (plain.byteLength > maxBytes / 16) return;
    this.#bytes += plain.byteLength - (this.#values.get(key)?.plain.byteLength ?? 0);
    this.#values.delete(key);
    this.#values.set(key, { revision, plain });
    for (const [oldest, { plain: gone }] of this.#values) {
      if (this.#values.size <= maxEntries && this.#bytes <= maxBytes) return;
      this.#values.delete(oldest);
      this.#bytes -= gone.byteLength;
    }
  }
}
