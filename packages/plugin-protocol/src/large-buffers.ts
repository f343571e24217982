/** From here on a message's memory is used again: smaller ones cost next to nothing. */
const leastBytes = 1 << 20;
/** Sizes are multiples of it, so that answers which differ a little fit into each other's memory. */
const stepBytes = 1 << 20;
/** Kept at most, beside what is in use. */
const keptBytes = 24 << 20;
/** What nobody wanted for so long goes back to the system. */
const idleMs = 5_000;

/**
 * Memory of large messages. New memory of megabytes comes from the system page by page, and is found unused only when the garbage collector
 * looks: at a hundred answers of 5 MB a second that is a fifth of their CPU time, and a hundred megabytes of garbage. So whoever knows that
 * nobody looks at a message any more gives its memory back. Nobody has to: it is garbage then, as any other.
 */
export class LargeBuffers {
  /** Given out, and not yet back. */
  readonly #lent = new WeakSet<ArrayBufferLike>();
  #kept: ArrayBufferLike[] = [];
  #idle: NodeJS.Timeout | undefined;

  /** Bytes that wait to be used again. */
  get kept(): number {
    return this.#kept.reduce((sum, { byteLength }) => sum + byteLength, 0);
  }

  /** `length` bytes with whatever is in them. */
  take(length: number): Buffer {
    if (length < leastBytes) return Buffer.allocUnsafe(length);
    const memory = this.#fitting(length) ?? Buffer.allocUnsafeSlow(Math.ceil(length / stepBytes) * stepBytes).buffer;
    this.#lent.add(memory);
    return Buffer.from(memory, 0, length);
  }

  /** Gives the memory back that `bytes` lie in. Twice, or for what was not taken here, it does nothing. */
  giveBack({ buffer }: Uint8Array): void {
    if (!this.#lent.delete(buffer) || this.kept + buffer.byteLength > keptBytes) return;
    this.#kept.push(buffer);
    this.#idle ??= setTimeout(() => {
      this.#idle = undefined;
      this.#kept = [];
    }, idleMs).unref();
    this.#idle.refresh();
  }

  /** Not twice as large as wanted: a large one may be wanted next. */
  #fitting(length: number): ArrayBufferLike | undefined {
    const index = this.#kept.findIndex(({ byteLength }) => byteLength >= length && byteLength <= 2 * length + stepBytes);
    return index < 0 ? undefined : this.#kept.splice(index, 1)[0];
  }
}

/** Of all links of the process. */
export const largeBuffers = new LargeBuffers();

/**
 * Tells that nobody looks at a message of a plugin any more, of which `bytes` are a part: its memory is used again. Only for whoever is
 * alone with the message, since other views of it change with the next.
 */
export const releaseMessage = (bytes: Uint8Array): void => largeBuffers.giveBack(bytes);
