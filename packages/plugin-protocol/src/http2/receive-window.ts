/** How much the peer may still send, on a stream or on the whole connection (RFC 9113, 5.2). */
export class ReceiveWindow {
  readonly #size: number;
  #received = 0;
  #granted: number;

  constructor(size: number) {
    this.#size = size;
    this.#granted = size;
  }

  /** Whether the peer kept to the window. */
  receive(bytes: number): boolean {
    this.#received += bytes;
    return this.#received <= this.#granted;
  }

  /**
   * How much to grant anew when `held` of the bytes received still wait for their reader, and `ahead` more are wanted at once whatever the
   * window's size; 0: not worth a frame yet.
   */
  grant(held: number, ahead = 0): number {
    const increment = this.#received - held + this.#size + ahead - this.#granted;
    if (increment < this.#size / 2) return 0;
    this.#granted += increment;
    return increment;
  }
}
