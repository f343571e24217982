import type { GrpcError } from "../grpc-link.js";
import type { CallSink } from "./grpc-call.js";

/** Messages of a server stream between the connection, which pushes, and one reader, who pulls. */
export class MessageQueue implements CallSink {
  readonly #messages: Buffer[] = [];
  #held = 0;
  #end: { readonly error: GrpcError | undefined } | undefined;
  #wake: (() => void) | undefined;

  get held(): number {
    return this.#held;
  }

  onMessage(message: Buffer): void {
    this.#messages.push(message);
    this.#held += message.length;
    this.#wake?.();
  }

  onEnd(error: GrpcError | undefined): void {
    this.#end = { error };
    this.#wake?.();
  }

  /** The next message; undefined at the end. Throws the call's error, after the messages before it. */
  async next(): Promise<Buffer | undefined> {
    for (;;) {
      const message = this.#messages.shift();
      if (message !== undefined) {
        this.#held -= message.length;
        return message;
      }
      if (this.#end?.error !== undefined) throw this.#end.error;
      if (this.#end !== undefined) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
