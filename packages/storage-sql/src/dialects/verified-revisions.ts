const pageBits = 8192;
// Of 1 KiB each: so much memory is never exceeded, and what is forgotten is verified again.
const mostPages = 4096;

/** Which revisions' values were found to be what was written: a list of many values verifies each the first time that it is read. */
export class VerifiedRevisions {
  readonly #pages = new Map<number, Uint32Array>();

  has(revision: number): boolean {
    const page = this.#pages.get(Math.floor(revision / pageBits));
    if (page === undefined) return false;
    const bit = revision % pageBits;
    return ((page[bit >>> 5] ?? 0) & (1 << (bit & 31))) !== 0;
  }

  add(revision: number): void {
    const number = Math.floor(revision / pageBits);
    const page = this.#pages.get(number) ?? this.#newPage(number);
    const bit = revision % pageBits;
    page[bit >>> 5] = (page[bit >>> 5] ?? 0) | (1 << (bit & 31));
  }

  #newPage(number: number): Uint32Array {
    for (const oldest of this.#pages.keys()) {
      if (this.#pages.size < mostPages) break;
      this.#pages.delete(oldest);
    }
    const page = new Uint32Array(pageBits / 32);
    this.#pages.set(number, page);
    return page;
  }
}
