import { mkdtempSync, rmSync, statSync } from "node:fs";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import type { Authenticator } from "@dataplane/apiserver";
import { type Handler, type HttpRequest, silentLogger, type UserInfo } from "@dataplane/meta";
import { createAutoMtlsIdentity } from "@dataplane/plugin-protocol";
import { afterEach, expect, test } from "vitest";
import { type Listener, listenHttp } from "../listen/listeners.js";
import { controlEndpoint } from "./control-endpoint.js";
import { type ControlSocket, openControlSocket } from "./control-socket.js";
import { passOn } from "./pass-on.js";

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const nobody: Authenticator = { authenticate: () => Promise.resolve(undefined) };
const jane: UserInfo = { name: "jäne", uid: "7", groups: ["a,b", "system:authenticated"], extra: { "Some/Key": ["1", "2"] } };

/** A worker's port that passes all on, to a control process with that handler; in one process here. */
async function aWorker(
  behind: Handler,
  user?: UserInfo,
): Promise<{ readonly port: number; readonly socket: ControlSocket; readonly dataPath: string }> {
  const dataPath = mkdtempSync(path.join(tmpdir(), "control-"));
  const identity = createAutoMtlsIdentity();
  const socket = await openControlSocket({ dataPath, identity, handler: controlEndpoint(identity, behind), logger: silentLogger });
  const passed = passOn({ socketPath: socket.path, identity, certificates: nobody });
  const handler: Handler = (request) => {
    if (user !== undefined) Object.assign(request.context, { user, credentialHeaders: ["authorization"], userExpires: 1_234 });
    return passed(request);
  };
  const listener: Listener = await listenHttp({ host: "127.0.0.1", port: 0, handler, logger: silentLogger });
  ends.push(async () => {
    listener.destroy();
    await listener.close();
    await socket.close();
    rmSync(dataPath, { recursive: true, force: true });
  });
  return { port: listener.port, socket, dataPath };
}

interface Sent {
  readonly method?: string;
  readonly headers?: readonly string[];
  readonly body?: string;
}

const ask = (port: number, { method = "GET", headers = [], body }: Sent = {}): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const request = httpRequest({
      port,
      host: "127.0.0.1",
      path: "/a%20b?c=d%2Fe&c=f",
      method,
      agent: false,
      headers: ["Host", "api:1", ...headers],
    });
    request
      .once("response", resolve)
      .once("error", reject)
      .end(body === undefined ? undefined : Buffer.from(body));
  });

const bytesOf = async ({ body }: HttpRequest): Promise<string> => {
  const pieces: Uint8Array[] = [];
  for await (const piece of body) pieces.push(piece);
  return Buffer.concat(pieces).toString();
};

/** What the control process saw of one request. */
async function seen(sent: Sent, user?: UserInfo): Promise<HttpRequest & { readonly text: string }> {
  let found: (HttpRequest & { readonly text: string }) | undefined;
  const { port } = await aWorker(async (request) => {
    found = { ...request, text: await bytesOf(request) };
    return { status: 204, headers: {} };
  }, user);
  expect((await ask(port, sent)).statusCode).toBe(204);
  if (found === undefined) throw new Error("nothing came");
  return found;
}

test("a request comes to the control process as its client sent it", async () => {
  const headers = [
    "Authorization",
    "Basic YTpi",
    "Impersonate-Group",
    "one,two",
    "Impersonate-Group",
    "three",
    "X-Latin",
    "\xe4",
    "Content-Length",
    "5",
  ];
  const request = await seen({ method: "POST", headers, body: "hello" });
  expect(request).toMatchObject({
    method: "POST",
    path: "/a%20b",
    rawQuery: "c=d%2Fe&c=f",
    text: "hello",
    remoteAddress: "127.0.0.1",
    scheme: "http",
    context: {},
  });
  expect(request.headers).toMatchObject({ host: "api:1", authorization: "Basic YTpi", "x-latin": "\xe4" });
  const raw = request.rawHeaders ?? [];
  expect(raw.flatMap((name, index) => (index % 2 === 0 && name.toLowerCase() === "impersonate-group" ? [raw[index + 1]] : []))).toEqual([
    "one,two",
    "three",
  ]);
  expect(request.peerCertificate).toBeUndefined();
});

test.each(["x-remote-user", "X-Remote-Group", "x-remote-extra-a", "x-dataplane-remote-address", "X-Dataplane-Scheme", "x-dataplane-user-expires"])(
  "%s of a client goes no further",
  async (name) => {
    const request = await seen({ headers: [name, "9"] });
    expect([request.headers[name.toLowerCase()], request.context, request.remoteAddress, request.scheme]).toEqual([
      undefined,
      {},
      "127.0.0.1",
      "http",
    ]);
    expect(JSON.stringify(request.rawHeaders).toLowerCase()).not.toContain(name.toLowerCase());
  },
);

test("whom the worker has proven is who asks, and what proved it stays behind", async () => {
  const request = await seen({ headers: ["Authorization", "Bearer t"] }, jane);
  expect(request.context).toEqual({ user: { ...jane, extra: { "some/key": ["1", "2"] } }, userExpires: 1_234 });
  expect(JSON.stringify(request.headers)).not.toContain("Bearer");
});

test("bodies of unknown length go both ways as they come, and several headers of a name stay several", async () => {
  const { port } = await aWorker((request) => Promise.resolve({ status: 200, headers: { "x-a": ["1", "2"], "audit-id": "z" }, body: request.body }));
  const big = "x".repeat(3_000_000);
  const answer = await ask(port, { method: "DELETE", headers: ["Transfer-Encoding", "chunked"], body: big });
  expect([answer.headersDistinct["x-a"], answer.headers["audit-id"], await text(answer)]).toEqual([["1", "2"], "z", big]);
});

test("HEAD and an answer without a body are that", async () => {
  const { port } = await aWorker(() => Promise.resolve({ status: 200, headers: { etag: "a" }, body: "12345" }));
  const head = await ask(port, { method: "HEAD" });
  expect([head.statusCode, head.headers["etag"], await text(head)]).toEqual([200, "a", ""]);
});

test("an answer that breaks off is broken off, and a client that goes is missed behind", async () => {
  const gone = deferred();
  const { port } = await aWorker((request) => {
    const cut = new AbortController();
    async function* body(): AsyncGenerator<Uint8Array> {
      yield Buffer.from("part");
      if (request.method === "POST") setTimeout(() => cut.abort(), 20);
      await new Promise<void>((resolve) => request.signal.addEventListener("abort", () => resolve(), { once: true }));
      gone.resolve();
    }
    return Promise.resolve({ status: 200, headers: {}, body: body(), cut: cut.signal });
  });
  await expect(text(await ask(port, { method: "POST" }))).rejects.toThrow("aborted");
  const left = await ask(port);
  left.once("data", () => left.destroy());
  await gone.promise;
});

function deferred(): { readonly promise: Promise<void>; resolve(): void } {
  let settle: () => void = () => undefined;
  const promise = new Promise<void>((resolve) => {
    settle = resolve;
  });
  return { promise, resolve: () => settle() };
}

test("an upgrade is a tunnel, early bytes included", async () => {
  const { port } = await aWorker(({ upgrade, headers }) =>
    Promise.resolve({
      status: 101,
      headers: {},
      takeOver({ socket, head }) {
        socket.write(
          `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${String(headers["upgrade"])}\r\nX-Was: ${upgrade ?? ""}\r\n\r\n`,
        );
        socket.write(head);
        socket.pipe(socket);
      },
    }),
  );
  const client = connect(port, "127.0.0.1");
  let received = "";
  client.setEncoding("utf8").on("data", (piece: string) => {
    received += piece;
  });
  client.write("GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nearly ");
  await expect.poll(() => received).toContain("X-Was: websocket");
  client.write("late");
  await expect.poll(() => received.split("\r\n\r\n")[1]).toBe("early late");
  client.destroy();
});

test("the socket is for those who have the key: no other connection carries a request", async () => {
  const { socket } = await aWorker(() => Promise.resolve({ status: 200, headers: {} }));
  expect(statSync(socket.path).mode & 0o777).toBe(0o600);
  const other = createAutoMtlsIdentity();
  for (const credentials of [{}, { key: other.key, cert: other.cert }]) {
    const asking = new Promise((resolve, reject) => {
      const headers = { "x-remote-user": "system:dataplane" };
      // eslint-disable-next-line sonarjs/unverified-certificate, sonarjs/unverified-hostname -- it is the server that is to refuse.
      httpsRequest({ socketPath: socket.path, path: "/", headers, rejectUnauthorized: false, ...credentials }, resolve)
        .once("error", reject)
        .end();
    });
    await expect(asking).rejects.toThrow();
  }
});

test("a data folder whose path is too long for a socket has it elsewhere", async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "long-"));
  const identity = createAutoMtlsIdentity();
  const dataPath = path.join(folder, "x".repeat(120));
  const socket = await openControlSocket({ dataPath, identity, handler: () => Promise.resolve({ status: 200, headers: {} }), logger: silentLogger });
  expect(socket.path.length).toBeLessThan(107);
  await socket.close();
  rmSync(folder, { recursive: true, force: true });
});
