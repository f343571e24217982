/** Of one piece: large enough that few writes carry it, small enough that it flows. */
const pieceBytes = 256 * 1024;

/** Joins bytes and texts into few pieces: each small one would be a write of its own. */
export class PieceWriter {
  readonly #pieces: Uint8Array[] = [];
  #buffer = Buffer.allocUnsafe(pieceBytes);
  #used = 0;

  bytes(bytes: Uint8Array): void {
    if (bytes.byteLength > this.#buffer.byteLength - this.#used) this.#begin(bytes.byteLength);
    this.#buffer.set(bytes, this.#used);
    this.#used += bytes.byteLength;
  }

  /** Of a text of ASCII alone, and a short one: for those a call into the engine costs more than a loop. */
  ascii(text: string): void {
    if (text.length > this.#buffer.byteLength - this.#used) this.#begin(text.length);
    for (let index = 0; index < text.length; index++) this.#buffer[this.#used++] = text.charCodeAt(index);
  }

  text(text: string): void {
    // A UTF-16 unit takes at most three bytes.
    const most = text.length * 3;
    if (most > this.#buffer.byteLength - this.#used) this.#begin(most);
    this.#used += this.#buffer.write(text, this.#used);
  }

  /** What was written. The writer is done. */
  done(): readonly Uint8Array[] {
    this.#end();
    return this.#pieces;
  }

  #begin(least: number): void {
    this.#end();
    this.#buffer = Buffer.allocUnsafe(Math.max(pieceBytes, least));
    this.#used = 0;
  }

  #end(): void {
    if (this.#used > 0) this.#pieces.push(this.#buffer.subarray(0, this.#used));
  }
}
