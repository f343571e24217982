import { setTimeout as sleep } from "node:timers/promises";
import { TLSSocket } from "node:tls";
import type { UserInfo } from "@dataplane/meta";
import { expect, test } from "vitest";
import { aService, proxyCertificates, startRemote } from "../testing/a-remote.js";
import { httpsTransport } from "./https-transport.js";
import type { RemoteAnswer, RemoteRequest, RemoteTransport } from "./remote-transport.js";

const user: UserInfo = { name: "änn", uid: "u-1", groups: ["a", "b"], extra: { "example.com/Scope": ["x"] } };
const get = (path: string, more: Partial<RemoteRequest> = {}): RemoteRequest => ({
  ...{ method: "GET", path, headers: { accept: "application/json" }, user, timeoutMs: 5_000, signal: new AbortController().signal },
  ...more,
});

async function textOf({ body }: RemoteAnswer): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of body) pieces.push(piece);
  return Buffer.concat(pieces).toString("utf8");
}

const open = (resolver: Parameters<typeof httpsTransport>[0]["resolver"]): RemoteTransport & AsyncDisposable => {
  const transport = httpsTransport({ resolver, credentials: () => proxyCertificates[0] });
  return { ...transport, [Symbol.asyncDispose]: () => transport.close() };
};

test.each([true, false])("a request goes with who asks and comes back as it is, over one kept connection (HTTP/2: %s)", async (http2) => {
  const seen: unknown[] = [];
  await using remote = await startRemote(
    (request, response) => {
      const { headers, httpVersion, method, url } = request;
      seen.push([httpVersion, method, url, headers["x-remote-user"], headers["x-remote-group"], headers["x-remote-extra-example.com%2fscope"]]);
      response.writeHead(201, { "content-type": "text/plain" });
      request.pipe(response);
    },
    { http2 },
  );
  await using transport = open(remote.resolver);
  for (const body of ["one", "two"]) {
    const answer = await transport.request(
      remote.service,
      get("/apis/metrics.example.com/v1/x?a=1&a=2", { method: "POST", body: Buffer.from(body) }),
    );
    expect([answer.status, answer.headers["content-type"], await textOf(answer)]).toEqual([201, "text/plain", body]);
  }
  const name = Buffer.from("änn").toString("latin1");
  const one = [http2 ? "2.0" : "1.1", "POST", "/apis/metrics.example.com/v1/x?a=1&a=2", name, "a, b", "x"];
  expect(seen).toEqual([one, one]);
  expect(remote.connections()).toBe(1);
});

test("a thousand watches and a read share a connection or few; who leaves is gone at the other end", async () => {
  let open_ = 0;
  await using remote = await startRemote((request, response) => {
    if (request.url === "/quick") response.end("ok");
    else {
      open_ += 1;
      response.on("close", () => (open_ -= 1));
      response.writeHead(200);
      response.write("{}\n");
    }
  });
  await using transport = open(remote.resolver);
  const left = new AbortController();
  const watches = await Promise.all(
    Array.from({ length: 1_000 }, () => transport.request(remote.service, get("/watch", { signal: left.signal, timeoutMs: 30_000 }))),
  );
  expect(watches.every(({ status }) => status === 200)).toBe(true);
  expect(await textOf(await transport.request(remote.service, get("/quick")))).toBe("ok");
  expect(remote.connections()).toBeLessThan(20);
  left.abort(new Error("left"));
  await expect.poll(() => open_).toBe(0);
}, 60_000);

test("a peer that went silent in the middle of a watch is found in seconds", async () => {
  await using remote = await startRemote((_request, response) => {
    response.writeHead(200);
    response.write("first\n");
  });
  await using transport = open(remote.resolver);
  const { body } = await transport.request(remote.service, get("/watch"));
  const reading = (async () => {
    for await (const _piece of body) remote.freeze();
  })();
  const started = performance.now();
  await expect(reading).rejects.toThrow();
  // It is asked for a sign every second and a half; TCP alone takes minutes.
  expect(performance.now() - started).toBeLessThan(20_000);
});

test("what is not the server that is meant is not spoken to; a server that is skipped of checks is", async () => {
  await using remote = await startRemote((_request, response) => response.end("ok"));
  await using transport = open(remote.resolver);
  const [, ...others] = [remote.service, aService({ name: "v1.a" }), aService({ name: "v1.b", caBundle: proxyCertificates[0].cert })];
  for (const it of others) {
    await expect(transport.request(it, get("/"))).rejects.toMatchObject({ name: "RemoteFailure", reason: "ServiceNotAccessible" });
  }
  const skipped = aService({ name: "v1.c", insecureSkipTlsVerify: true });
  expect(await textOf(await transport.request(skipped, get("/")))).toBe("ok");
  const elsewhere = { ...remote.resolver, resolve: () => ({ host: "127.0.0.1", port: remote.port, serverNames: ["other.backends.svc"] }) };
  await using other = open(elsewhere);
  await expect(other.request(remote.service, get("/"))).rejects.toThrow(/altnames|other\.backends\.svc/);
});

test("no answer in time, a broken one, and a name that no header can hold are failures with words", async () => {
  await using remote = await startRemote((request, response) => {
    if (request.url === "/break") response.destroy();
  });
  await using transport = open(remote.resolver);
  await expect(transport.request(remote.service, get("/silent", { timeoutMs: 200 }))).rejects.toThrow("no answer in time");
  await expect(transport.request(remote.service, get("/break"))).rejects.toMatchObject({ name: "RemoteFailure" });
  await expect(transport.request(remote.service, get("/", { user: { name: "a\r\nx-remote-group: system:masters", groups: [] } }))).rejects.toThrow(
    "cannot be sent in a header",
  );
});

test("certificates are exchanged while requests run: none fails, and the next connections show the new one", async () => {
  const shown = new Set<string>();
  await using remote = await startRemote((request, response) => {
    const { socket } = request;
    if (socket instanceof TLSSocket) shown.add(String(socket.getPeerCertificate().subject.CN));
    // Over HTTP/2 it is a proxy of the socket, which knows it all the same.
    else if ("getPeerX509Certificate" in socket) shown.add((socket as TLSSocket).getPeerCertificate().subject.CN as string);
    response.end("ok");
  });
  let turn = 0;
  let done = 0;
  const transport = httpsTransport({ resolver: remote.resolver, credentials: () => proxyCertificates[turn % 2 === 0 ? 0 : 1] });
  const load = async (): Promise<void> => {
    while (turn < 20) {
      expect(await textOf(await transport.request(remote.service, get("/")))).toBe("ok");
      done += 1;
    }
  };
  const turning = (async () => {
    // Each is in use for some requests, however long they take.
    for (; turn < 20; turn++) for (const before = done; done < before + 3; ) await sleep(5);
  })();
  await Promise.all([load(), load(), load(), turning]);
  await transport.close();
  expect(shown).toEqual(new Set(["front-proxy-client", "front-proxy-next"]));
});

test("an upgrade is a connection of its own; an answer that is none comes back as one", async () => {
  await using remote = await startRemote((_request, response) => response.writeHead(403).end("no"), {
    upgrade(request, socket) {
      if (request.url === "/refused") socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno");
      else {
        socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${request.headers.upgrade ?? ""}\r\n\r\nhello`);
        socket.pipe(socket);
      }
    },
  });
  await using transport = open(remote.resolver);
  const headers = { connection: "Upgrade", upgrade: "SPDY/3.1" };
  const answer = await transport.upgrade(remote.service, get("/exec", { headers, method: "POST" }));
  if (!("socket" in answer)) throw new Error("it was not upgraded");
  expect(answer.headers["upgrade"]).toBe("SPDY/3.1");
  answer.socket.write("ping");
  const read: Uint8Array[] = [answer.head];
  for await (const piece of answer.socket as AsyncIterable<Uint8Array>) {
    read.push(piece);
    if (Buffer.concat(read).toString().includes("ping")) break;
  }
  expect(Buffer.concat(read).toString()).toBe("helloping");
  const refused = await transport.upgrade(remote.service, get("/refused", { headers }));
  expect("status" in refused ? [refused.status, await textOf(refused)] : []).toEqual([403, "no"]);
});
