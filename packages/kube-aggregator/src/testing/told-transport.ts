import { type RemoteAnswer, RemoteFailure, type RemoteRequest, type RemoteTransport } from "../remote/remote-transport.js";

/** A document, an answer of a server, or a server that cannot be reached. */
export type Told = object | string | Pick<RemoteAnswer, "status" | "headers"> | RemoteFailure;

export const unreachable = new RemoteFailure("ServiceNotAccessible", "metrics.backends.svc:443: connect ECONNREFUSED");

export interface ToldTransport extends RemoteTransport {
  /** Paths that were asked for, in order. */
  readonly asked: readonly string[];
}

/** In place of the network: each request is answered as it is told at that moment. */
export function toldTransport(answer: (request: RemoteRequest) => Promise<Told> | Told): ToldTransport {
  const asked: string[] = [];
  return {
    asked,
    async request(_service, request) {
      asked.push(request.path);
      const told = await answer(request);
      if (told instanceof RemoteFailure) throw told;
      const isAnswer = typeof told === "object" && "status" in told && "headers" in told;
      const text = typeof told === "string" ? told : JSON.stringify(told);
      return {
        status: isAnswer ? told.status : 200,
        headers: isAnswer ? told.headers : {},
        body: pieces(isAnswer ? "" : text),
        discard: () => undefined,
      };
    },
    upgrade: () => Promise.reject(unreachable),
    close: () => Promise.resolve(),
  };
}

async function* pieces(text: string): AsyncIterable<Uint8Array> {
  await Promise.resolve();
  yield Buffer.from(text);
}
