/** Cuts a stream of bytes into lines, and long lines off: output without a line end must not fill the memory. */
export class LineSplitter {
  readonly #maxBytes: number;
  readonly #onLine: (line: string) => void;
  #pieces: Buffer[] = [];
  #bytes = 0;
  /** The rest of a line that was cut off is skipped. */
  #skipping = false;

  constructor(options: { readonly maxBytes: number; readonly onLine: (line: string) => void }) {
    this.#maxBytes = options.maxBytes;
    this.#onLine = options.onLine;
  }

  push(data: Uint8Array): void {
    let rest = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    for (let end = rest.indexOf(0x0a); end >= 0; end = rest.indexOf(0x0a)) {
      this.#take(rest.subarray(0, end));
      this.#flush();
      this.#skipping = false;
      rest = rest.subarray(end + 1);
    }
    this.#take(rest);
  }

  /** What came after the last line end is a line too. */
  end(): void {
    if (this.#bytes > 0) this.#flush();
  }

  #take(piece: Buffer): void {
    if (this.#skipping || piece.length === 0) return;
    const room = this.#maxBytes - this.#bytes;
    this.#pieces.push(piece.subarray(0, room));
    this.#bytes += Math.min(piece.length, room);
    if (piece.length <= room) return;
    this.#flush();
    this.#skipping = true;
  }

  #flush(): void {
    if (this.#skipping) return;
    const line = Buffer.concat(this.#pieces).toString("utf8").replace(/\r$/, "");
    this.#pieces = [];
    this.#bytes = 0;
    this.#onLine(line);
  }
}
