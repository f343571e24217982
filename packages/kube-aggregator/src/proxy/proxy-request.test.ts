import { IncomingMessage } from "node:http";
import type { Http2SecureServer, IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import { Socket } from "node:net";
import { Duplex, duplexPair } from "node:stream";
import { gzipSync } from "node:zlib";
import { ApiError, type HttpRequest, type HttpResponse } from "@dataplane/meta";
import { expect, test } from "vitest";
import { anAuthority, aRemoteService, aTransport, aUser, serverName, startRemote, textOf } from "../testing/remote-server.js";
import { proxyRequest } from "./proxy-request.js";

const authority = anAuthority();
const serving = authority.issue({ names: [serverName] });
const proxy = authority.issue({ names: ["front-proxy-client"] });
const service = aRemoteService(authority.ca);

async function* nothing(): AsyncGenerator<Uint8Array> {
  await Promise.resolve();
  yield* [];
}

const aRequest = (parts: Partial<HttpRequest> = {}): HttpRequest => ({
  method: "GET",
  path: "/apis/metrics.example.com/v1/pods",
  query: new URLSearchParams(),
  headers: { host: "dataplane.example.com" },
  body: nothing(),
  signal: new AbortController().signal,
  remoteAddress: "192.0.2.7",
  context: { user: aUser },
  ...parts,
});

/** One request to a server behind that is answered so. */
async function asked<T>(
  listen: (server: Http2SecureServer) => void,
  request: HttpRequest,
  look: (answer: HttpResponse) => Promise<T> | T,
): Promise<T> {
  await using remote = await startRemote(serving, listen);
  const transport = aTransport(remote.port, () => proxy);
  try {
    return await look(await proxyRequest(transport, service, request));
  } finally {
    await transport.close();
  }
}

const onStream = (answer: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void) => (server: Http2SecureServer) =>
  server.on("stream", (stream, headers) => {
    stream.on("error", () => undefined);
    answer(stream, headers);
  });

const bytesOf = async ({ body }: HttpResponse): Promise<string> => (typeof body === "object" && Symbol.asyncIterator in body ? textOf(body) : "");

const seen = async (request: HttpRequest): Promise<IncomingHttpHeaders> => {
  let headers: IncomingHttpHeaders = {};
  await asked(
    onStream((stream, it) => {
      headers = it;
      stream.respond({ ":status": 200 });
      stream.end();
    }),
    request,
    bytesOf,
  );
  return headers;
};

const refusal = async (asking: Promise<unknown>): Promise<ApiError> => {
  const thrown = await asking.catch((error: unknown) => error);
  if (thrown instanceof ApiError) return thrown;
  throw new Error(`no ApiError: ${String(thrown)}`);
};

const forged = [
  ...["x-remote-user", "x-remote-group", "x-remote-uid", "x-remote-extra-scopes", "x-remote-extra-", "x-remote-", "x-remote-anything"],
  ...["x_remote_user", "x_remote_group", "x-remote_user", "x_remote-group", "x_remote_extra_scopes", "x_remote_uid"],
  ...["impersonate-user", "impersonate-group", "impersonate-uid", "impersonate-extra-scopes", "impersonate_user", "impersonate_group"],
  ...["authorization", "cookie", "proxy-authorization", "proxy-authenticate", "x-of-a-login", "x_of_a_login"],
  ...["connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "http2-settings", "expect"],
  ...["forwarded", "x-forwarded-proto", "x-named-by-connection", "x-named-too", ":authority2", "x_forwarded_for"],
];

test.each(forged)("%s of a client does not reach the server behind", async (name) => {
  const headers = {
    host: "dataplane.example.com",
    "x-kept": "yes",
    connection: "x-named-by-connection, X-Named-Too, x-remote-user",
    [name]: name === "connection" ? "x-kept-not, close" : "forged",
  };
  const sent = await seen(aRequest({ headers, context: { user: aUser, credentialHeaders: ["x-of-a-login"] } }));
  expect(sent["x-kept"]).toBe("yes");
  expect(JSON.stringify(sent)).not.toContain("forged");
  expect(sent["x-remote-user"]).toBe("jane");
  // Node joins the values of a header that came twice.
  expect(sent["x-remote-group"]).toBe("devs, system:authenticated");
});

test("who asks, from where and for which host is told, and the list of proxies goes on", async () => {
  const sent = await seen(aRequest({ headers: { host: "dataplane.example.com", "x-forwarded-for": "198.51.100.1" } }));
  expect(sent).toMatchObject({
    "x-forwarded-for": "198.51.100.1, 192.0.2.7",
    "x-forwarded-host": "dataplane.example.com",
    ":path": "/apis/metrics.example.com/v1/pods",
  });
});

test.each([" admin", "admin\t", "", "a\r\nx-remote-group: system:masters", "a\0b"])(
  "a user called %j is not sent on as somebody else",
  async (name) => {
    const asking = asked(
      onStream((stream) => stream.respond({ ":status": 200 }, { endStream: true })),
      aRequest({ context: { user: { name, groups: [] } } }),
      bytesOf,
    );
    expect((await refusal(asking)).reason).toBe("BadRequest");
  },
);

test.each([301, 302, 307, 308])("an answer of %i is refused", async (status) => {
  const redirecting = onStream((stream) => stream.respond({ ":status": status, location: "https://elsewhere.example.com" }, { endStream: true }));
  expect(await refusal(asked(redirecting, aRequest(), bytesOf))).toMatchObject({ code: 502, message: expect.stringContaining("redirect") as string });
});

test.each([401, 404, 409, 500, 503])("an answer of %i is the server's own, whatever its body", async (status) => {
  const answering = onStream((stream) => {
    stream.respond({ ":status": status, "content-type": "text/html", warning: '299 - "old"', "set-cookie": "session=1" });
    stream.end("<html>");
  });
  await asked(answering, aRequest(), async (answer) => {
    expect([answer.status, answer.headers["content-type"], answer.headers["warning"]]).toEqual([status, "text/html", '299 - "old"']);
    expect(answer.headers["set-cookie"]).toBeUndefined();
    expect(await bytesOf(answer)).toBe("<html>");
  });
});

test("what is gzipped stays so", async () => {
  const bomb = gzipSync(Buffer.alloc(50_000_000));
  const answering = onStream((stream) => {
    stream.respond({ ":status": 200, "content-encoding": "gzip" });
    stream.end(bomb);
  });
  await asked(answering, aRequest(), async ({ body, headers }) => {
    let bytes = 0;
    if (typeof body === "object" && Symbol.asyncIterator in body) for await (const piece of body) bytes += piece.byteLength;
    expect([bytes, headers["content-encoding"]]).toEqual([bomb.byteLength, "gzip"]);
  });
});

test("a server that cannot be reached is unavailable in words that do not say where it is, and nobody is told to write again", async () => {
  const transport = aTransport(1, () => proxy);
  const error = await refusal(proxyRequest(transport, service, aRequest({ method: "POST" })));
  expect([error.code, error.reason, error.headers]).toEqual([503, "ServiceUnavailable", {}]);
  expect(error.message).toBe(
    "error trying to reach service: metrics.example.com/v1 gave no answer: see the conditions of APIService v1.metrics.example.com",
  );
  await transport.close();
});

test("an answer that breaks off is cut, not ended", async () => {
  const answering = onStream((stream) => {
    stream.respond({ ":status": 200 });
    stream.write("part");
    setTimeout(() => stream.session?.destroy(), 20);
  });
  await asked(answering, aRequest(), async (answer) => {
    expect([await bytesOf(answer), answer.cut?.aborted]).toEqual(["part", true]);
  });
});

test("a client that goes away ends the exchange", async () => {
  const gone = new AbortController();
  let ended = (): void => undefined;
  const hasEnded = new Promise<void>((resolve) => {
    ended = resolve;
  });
  const answering = onStream((stream) => {
    stream.once("close", () => ended());
    stream.respond({ ":status": 200 });
    stream.write("x");
  });
  await asked(answering, aRequest({ signal: gone.signal }), async (answer) => {
    setTimeout(() => gone.abort(new Error("the client went away")), 20);
    await bytesOf(answer);
    await hasEnded;
    expect(gone.signal.aborted).toBe(true);
  });
});

test("a slow answer holds no other up", async () => {
  const answering = onStream((stream, headers) => {
    stream.respond({ ":status": 200 });
    if (String(headers[":path"]).endsWith("slow")) stream.write("x");
    else stream.end("well");
  });
  await using remote = await startRemote(serving, answering);
  const transport = aTransport(remote.port, () => proxy);
  await proxyRequest(transport, service, aRequest({ path: "/slow" }));
  // Else these would wait for what never ends.
  for (let index = 0; index < 100; index += 1) expect(await bytesOf(await proxyRequest(transport, service, aRequest()))).toBe("well");
  await transport.close();
});

const upgrading = (protocol: string) => (server: Http2SecureServer) =>
  server.on("upgrade", (incoming: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on("error", () => undefined);
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\nX-Stream-Protocol-Version: v4\r\n\r\n`);
    socket.write(`${incoming.method ?? ""} ${String(incoming.headers["x-remote-user"])} ${head.toString()}`);
    socket.pipe(socket);
  });

test.each([
  ["GET", "websocket", "websocket"],
  ["POST", "spdy/3.1", "SPDY/3.1"],
] as const)("%s for %s becomes a tunnel both ways, with the same identity", async (method, upgrade, protocol) => {
  const request = aRequest({
    method,
    upgrade,
    headers: { host: "dataplane.example.com", connection: "Upgrade", upgrade: protocol, "content-length": "0" },
  });
  await asked(upgrading(protocol), request, async (answer) => {
    expect(answer.status).toBe(101);
    const [ours, theirs] = duplexPair();
    let received = "";
    ours.on("data", (data: Buffer) => {
      received += data.toString();
    });
    answer.takeOver?.({ incoming: new IncomingMessage(new Socket()), socket: theirs, head: Buffer.from("early") });
    ours.write("later");
    await expect.poll(() => received).toContain("earlylater");
    expect(received.startsWith("HTTP/1.1 101 Switching Protocols\r\n")).toBe(true);
    expect(received).toContain(`\r\nUpgrade: ${protocol}\r\n`);
    expect(received).toContain("\r\nx-stream-protocol-version: v4\r\n");
    expect(received).toContain(`${method} jane`);
    ours.destroy();
  });
});

test("an upgrade that is refused is an answer as any other, and one for a page of another site is not sent", async () => {
  const refusing = (server: Http2SecureServer) =>
    server.on("upgrade", (_incoming: IncomingMessage, socket: Duplex) => socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"));
  const request = aRequest({ upgrade: "websocket", headers: { host: "dataplane.example.com", upgrade: "websocket" } });
  await asked(refusing, request, async (answer) => expect([answer.status, answer.takeOver, await bytesOf(answer)]).toEqual([403, undefined, "no"]));
  const crossing = { ...request, headers: { ...request.headers, origin: "https://evil.example.com" } };
  expect((await refusal(asked(refusing, crossing, bytesOf))).reason).toBe("Forbidden");
});
