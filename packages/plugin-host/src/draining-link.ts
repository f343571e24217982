import type { CallOptions, GrpcLink } from "@dataplane/plugin-protocol";

/**
 * A link whose process can be replaced under its callers: calls in flight finish where they began, later ones go to the successor, also
 * those of a caller that took its client before.
 */
export class DrainingLink implements GrpcLink {
  readonly #link: GrpcLink;
  #successor: GrpcLink | undefined;
  #inFlight = 0;
  #whenIdle: () => void = () => undefined;

  constructor(link: GrpcLink) {
    this.#link = link;
  }

  /** From now on every call goes to `successor`. Resolves when none is left on this link. */
  drain(successor: GrpcLink): Promise<void> {
    this.#successor = successor;
    return new Promise((resolve) => {
      this.#whenIdle = resolve;
      if (this.#inFlight === 0) resolve();
    });
  }

  unary(method: string, request: Uint8Array, options: CallOptions): Promise<Uint8Array> {
    if (this.#successor !== undefined) return this.#successor.unary(method, request, options);
    this.#inFlight += 1;
    return this.#link.unary(method, request, options).then(this.#answered, this.#failed);
  }

  readonly #answered = (response: Uint8Array): Uint8Array => {
    this.#ended();
    return response;
  };

  readonly #failed = (thrown: unknown): never => {
    this.#ended();
    throw thrown;
  };

  async *serverStream(method: string, request: Uint8Array, options: CallOptions): AsyncGenerator<Uint8Array> {
    if (this.#successor !== undefined) {
      yield* this.#successor.serverStream(method, request, options);
      return;
    }
    this.#inFlight += 1;
    try {
      yield* this.#link.serverStream(method, request, options);
    } finally {
      this.#ended();
    }
  }

  close(): void {
    this.#link.close();
  }

  #ended(): void {
    this.#inFlight -= 1;
    if (this.#inFlight === 0) this.#whenIdle();
  }
}
