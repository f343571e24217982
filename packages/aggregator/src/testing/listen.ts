import { once } from "node:events";
import { createServer, type IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { parseRequestInfo } from "@dataplane/apiserver";
import { ApiError, type Handler, type HttpRequest, type HttpResponse, systemGroups } from "@dataplane/meta";

/** A handler behind a real socket, as the server's listeners are: requests, and requests to leave HTTP. */
export interface Listening extends AsyncDisposable {
  readonly port: number;
  /** Connections that are open now. */
  readonly open: () => number;
}

export async function listen(handler: Handler): Promise<Listening> {
  const server = createServer((incoming, outgoing) => {
    const gone = new AbortController();
    outgoing.once("close", () => gone.abort(new Error("the client went away")));
    void answer(handler, requestFrom(incoming, gone.signal)).then((response) => write(response, outgoing, gone.signal));
  });
  const sockets = new Set<Duplex>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.on("upgrade", (incoming: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on("error", () => socket.destroy());
    const gone = new AbortController();
    socket.once("close", () => gone.abort(new Error("the client went away")));
    void answer(handler, { ...requestFrom(incoming, gone.signal), upgrade: "websocket" }).then(async (response) => {
      if (response.takeOver !== undefined) {
        response.takeOver({ incoming, socket, head });
        return;
      }
      const outgoing = new ServerResponse(incoming);
      outgoing.shouldKeepAlive = false;
      if (socket instanceof Socket) outgoing.assignSocket(socket);
      outgoing.once("finish", () => socket.end());
      await write(response, outgoing, gone.signal);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    open: () => sockets.size,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

async function answer(handler: Handler, request: HttpRequest): Promise<HttpResponse> {
  try {
    request.context.info = parseRequestInfo(request.method, request.path, request.query);
    return await handler(request);
  } catch (thrown) {
    const error = ApiError.from(thrown);
    return { status: error.code, headers: { "content-type": "application/json" }, body: JSON.stringify(error.toStatus()) };
  }
}

function requestFrom(incoming: IncomingMessage, signal: AbortSignal): HttpRequest {
  const { pathname, searchParams } = new URL(incoming.url ?? "/", "http://x");
  const path = (incoming.url ?? "/").split("?", 1)[0] ?? pathname;
  return {
    ...{ method: incoming.method ?? "GET", path, query: searchParams, headers: incoming.headers, signal, remoteAddress: "127.0.0.1" },
    body: { [Symbol.asyncIterator]: () => incoming.iterator({ destroyOnReturn: false }) },
    context: { user: { name: "admin", groups: [systemGroups.masters] }, credentialHeaders: ["authorization"] },
  };
}

async function write({ status, headers, body }: HttpResponse, outgoing: ServerResponse, signal: AbortSignal): Promise<void> {
  outgoing.statusCode = status;
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined) outgoing.setHeader(name, typeof value === "string" ? value : [...value]);
  try {
    if (typeof body === "string" || body instanceof Uint8Array) outgoing.write(body);
    else if (body !== undefined) await stream(body, outgoing, signal);
    outgoing.end();
  } catch {
    // As a broken answer looks on the wire.
    outgoing.destroy();
  }
}

async function stream(body: Iterable<Uint8Array> | AsyncIterable<Uint8Array>, outgoing: ServerResponse, signal: AbortSignal): Promise<void> {
  outgoing.flushHeaders();
  for await (const piece of body) {
    if (signal.aborted) return;
    if (!outgoing.write(piece)) await once(outgoing, "drain", { signal });
  }
}
