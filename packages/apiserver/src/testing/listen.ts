import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { controlPlaneUser, type Handler } from "@dataplane/meta";

/** Serves a handler on a free port of 127.0.0.1, with every caller an admin: for real clients in tests. */
export async function listen(handler: Handler): Promise<{ readonly url: string; close(): void }> {
  const server = createServer((request, response) => {
    void serve(handler, request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function serve(handler: Handler, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? "/", "http://localhost");
  const gone = new AbortController();
  response.on("close", () => gone.abort());
  const { status, headers, body } = await handler({
    method: request.method ?? "GET",
    path: (request.url ?? "/").split("?")[0] ?? "/",
    query: url.searchParams,
    headers: request.headers,
    body: request,
    signal: gone.signal,
    remoteAddress: "127.0.0.1",
    context: { user: controlPlaneUser },
  });
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) response.setHeader(name, value);
  response.writeHead(status);
  response.flushHeaders();
  if (body === undefined) response.end();
  else if (typeof body === "string" || body instanceof Uint8Array) response.end(body);
  else Readable.from(body).pipe(response);
}
