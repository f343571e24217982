import type { HttpBody } from "./http.js";

/** Where the pieces of a PushedBody go. */
export interface BodySink {
  /** False when the reader is behind: what can wait should, until it has drained. The piece is taken all the same. */
  write(piece: Uint8Array): boolean;
  /** Calls the listener each time that the reader has caught up after a write that gave false. Called once. */
  onDrain(listener: () => void): void;
  /** Nothing follows; also said when the body was stopped. */
  end(): void;
  /** Breaks the answer off, so that nobody takes it for whole: the maker has a bug. */
  fail(error: unknown): void;
}

/**
 * A body whose maker writes when it has something to say: thousands of such answers wait without a promise each. Whoever has no sink reads it
 * as the stream that it is too.
 */
export interface PushedBody extends AsyncIterable<Uint8Array> {
  /** Called once, instead of reading the stream. The returned function stops it, when nobody takes pieces any more. */
  pushTo(sink: BodySink): () => void;
}

export const isPushed = (body: HttpBody | undefined): body is PushedBody => typeof body === "object" && "pushTo" in body;

/** Reads a pushed body as a stream; whoever leaves it early stops it. */
export async function* pulled(body: Pick<PushedBody, "pushTo">): AsyncGenerator<Uint8Array, void, undefined> {
  const sink = new QueueSink();
  const stop = body.pushTo(sink);
  try {
    for (let next = await sink.next(); next !== undefined; next = await sink.next()) yield next;
  } finally {
    stop();
  }
}

/** Keeps what was written until it is read. The writer waits meanwhile, so that this is one piece. */
class QueueSink implements BodySink {
  readonly #pieces: Uint8Array[] = [];
  #isEnded = false;
  #failure: { readonly error: unknown } | undefined;
  #drained = (): void => undefined;
  #wake = (): void => undefined;

  write(piece: Uint8Array): boolean {
    this.#pieces.push(piece);
    this.#wake();
    return false;
  }

  onDrain(listener: () => void): void {
    this.#drained = listener;
  }

  end(): void {
    this.#isEnded = true;
    this.#wake();
  }

  fail(error: unknown): void {
    this.#failure = { error };
    this.end();
  }

  /** Undefined at the end. */
  async next(): Promise<Uint8Array | undefined> {
    for (;;) {
      const piece = this.#pieces.shift();
      if (piece !== undefined) return piece;
      if (this.#isOver()) return undefined;
      this.#drained();
      if (this.#pieces.length === 0 && !this.#isOver()) await this.#written();
    }
  }

  /** Asked anew after each step: what is called may end it. Throws what the maker failed with. */
  #isOver(): boolean {
    if (this.#failure !== undefined) throw this.#failure.error;
    return this.#isEnded;
  }

  #written(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
