import type { IncomingMessage } from "node:http";
import type { Http2ServerRequest } from "node:http2";
import type { RequestBody } from "@dataplane/meta";

/** The body of a request over a connection. */
export class IncomingBody implements RequestBody {
  readonly #incoming: IncomingMessage | Http2ServerRequest;

  constructor(incoming: IncomingMessage | Http2ServerRequest) {
    this.#incoming = incoming;
  }

  /** Whoever stops reading has an answer to give; destroying the request would take the connection from under it. */
  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return this.#incoming.iterator({ destroyOnReturn: false }) as AsyncIterator<Uint8Array>;
  }

  /** Iterating over a stream costs 10 us, most bodies are one piece, and here is no back-pressure to keep. */
  collect(limitBytes: number): Promise<readonly Uint8Array[] | undefined> {
    const incoming = this.#incoming;
    if (incoming.readableEnded) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      const pieces: Uint8Array[] = [];
      let size = 0;
      const settle = (act: () => void): void => {
        incoming.off("data", take).off("end", end).off("error", reject).off("close", close);
        act();
      };
      const take = (piece: Uint8Array): void => {
        size += piece.byteLength;
        pieces.push(piece);
        if (size <= limitBytes) return;
        settle(() => resolve(undefined));
        incoming.pause();
      };
      const end = (): void => settle(() => resolve(pieces));
      const close = (): void => reject(new Error("the client went away before its body was whole"));
      if (incoming.destroyed) close();
      else incoming.on("data", take).on("end", end).on("error", reject).on("close", close);
    });
  }
}
