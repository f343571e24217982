import { createServer, type IncomingHttpHeaders, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A request as a backend got it. */
export interface BackendRequest {
  readonly method: string;
  /** As on the wire, with the query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** An HTTP server that is not ours, on loopback. */
export interface Backend extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly received: BackendRequest[];
  /** Connections that were ever opened. */
  readonly connections: () => number;
  readonly server: Server;
}

type Answer = (request: BackendRequest, response: ServerResponse, raw: IncomingMessage) => void;

const ok: Answer = (_, response) => response.end("ok");

/** Answers "ok" unless told; `make` gives another kind of server, such as one with TLS. */
export async function aBackend(
  answer: Answer = ok,
  { make = createServer, scheme = "http" }: { readonly make?: (listener: RequestListener) => Server; readonly scheme?: string } = {},
): Promise<Backend> {
  const received: BackendRequest[] = [];
  let connections = 0;
  const server = make((raw, response) => {
    const pieces: Buffer[] = [];
    raw.on("data", (piece: Buffer) => pieces.push(piece));
    raw.on("end", () => {
      const { method = "", url = "", headers } = raw;
      const request = { method, url, headers, body: Buffer.concat(pieces).toString("utf8") };
      received.push(request);
      answer(request, response, raw);
    });
  });
  server.on("connection", () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `${scheme}://127.0.0.1:${port}`,
    port,
    received,
    connections: () => connections,
    server,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
