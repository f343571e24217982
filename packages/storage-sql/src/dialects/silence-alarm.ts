/** Calls back when no byte has moved on a connection for a time, while it is set: a long answer is no silence. */
export class SilenceAlarm {
  readonly #bytesMoved: () => number;
  readonly #silenceMs: number;
  readonly #onSilence: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(bytesMoved: () => number, silenceMs: number, onSilence: () => void) {
    this.#bytesMoved = bytesMoved;
    this.#silenceMs = silenceMs;
    this.#onSilence = onSilence;
  }

  /** Nothing new when it is set already. */
  set(): void {
    if (this.#timer !== undefined) return;
    const before = this.#bytesMoved();
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#bytesMoved() === before) this.#onSilence();
      else this.set();
    }, this.#silenceMs);
    this.#timer.unref();
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
