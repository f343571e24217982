import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { ApiError, type Handler, type HttpBody, type HttpRequest, type HttpResponse, type Status } from "@dataplane/meta";

/** What one request looked like. */
export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly contentType: string | undefined;
  readonly body: string;
  readonly user: string | undefined;
}

export type Answer = (request: HttpRequest) => HttpResponse | Promise<HttpResponse>;

/** Answers each request by the next answer of the script, the last one over and over, and remembers what it was asked. */
export function scripted(...answers: readonly Answer[]): { readonly handler: Handler; readonly seen: Seen[] } {
  const seen: Seen[] = [];
  const handler: Handler = async (request) => {
    const answer = answers[Math.min(seen.length, answers.length - 1)];
    const contentType = request.headers["content-type"];
    seen.push({
      method: request.method,
      path: request.path,
      query: Object.fromEntries(request.query),
      contentType: typeof contentType === "string" ? contentType : undefined,
      body: await readAll(request.body),
      user: request.context.user?.name,
    });
    if (answer === undefined) throw new ApiError("InternalError", "the script is empty");
    return answer(request);
  };
  return { handler, seen };
}

export const json =
  (value: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Answer =>
  () => ({ status, headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(value) });

export const failure = (error: ApiError): Status => error.toStatus();

/** A stream that sends the pieces, then waits until the client is gone if it is to stay open. */
export const stream =
  (pieces: readonly (string | Uint8Array)[], options: { readonly open?: boolean } = {}): Answer =>
  ({ signal }) => ({ status: 200, headers: {}, body: send(pieces, options.open === true ? signal : undefined) });

async function* send(pieces: readonly (string | Uint8Array)[], until: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) {
    yield typeof piece === "string" ? new TextEncoder().encode(piece) : piece;
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (until !== undefined && !until.aborted) await new Promise((resolve) => until.addEventListener("abort", resolve, { once: true }));
}

/** The handler behind a socket. */
export async function listen(handler: Handler): Promise<{ readonly url: string; readonly server: Server } & AsyncDisposable> {
  const server = createServer((incoming, outgoing) => {
    const url = new URL(incoming.url ?? "/", "http://localhost");
    const gone = new AbortController();
    outgoing.on("close", () => gone.abort());
    const request: HttpRequest = {
      method: incoming.method ?? "GET",
      path: url.pathname,
      query: url.searchParams,
      headers: incoming.headers,
      body: incoming,
      signal: gone.signal,
      remoteAddress: "127.0.0.1",
      context: {},
    };
    void handler(request).then(
      async ({ status, headers, body }) => {
        outgoing.writeHead(status, Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined)) as Record<string, string>);
        outgoing.flushHeaders();
        for await (const piece of iterate(body)) outgoing.write(piece);
        outgoing.end();
      },
      () => outgoing.destroy(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const close = (): Promise<void> => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(() => resolve()));
  };
  return { url: `http://127.0.0.1:${String(port)}`, server, [Symbol.asyncDispose]: close };
}

async function* iterate(body: HttpBody | undefined): AsyncGenerator<string | Uint8Array> {
  if (body === undefined) return;
  if (typeof body === "string" || body instanceof Uint8Array) yield body;
  else yield* body;
}

async function readAll(body: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of body) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}
