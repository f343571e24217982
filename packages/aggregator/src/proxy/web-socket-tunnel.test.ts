import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { expect, test } from "vitest";
import WebSocket, { WebSocketServer } from "ws";
import { createOutbound } from "../outbound/outbound.js";
import { aBackend } from "../testing/a-backend.js";
import { listen } from "../testing/listen.js";
import { aDataPlaneService, aPlugin, startAggregator } from "../testing/start-aggregator.js";

const root = "/apis/p.grafana.app/v0alpha1/namespaces/default/datasources/main/proxy";

const aProxy = (url: string, timeout = 30) =>
  listen(
    startAggregator({
      plugins: [aPlugin({ id: "p" })],
      services: [aDataPlaneService({ plugin: "p", serves: ["datasource-proxy"] })],
      dataSources: [{ pluginId: "p", uid: "main", url, jsonData: { timeout }, secure: { basicAuthPassword: "pw" }, basicAuthUser: "u" }],
      outbound: createOutbound(),
    }).aggregator.handler,
  );

/** A raw TCP server that answers each connection with these bytes, and counts what is open. */
async function aRawBackend(
  answer: string | ((socket: Socket) => void),
): Promise<{ url: string; open: () => number; got: () => string } & AsyncDisposable> {
  const sockets = new Set<Socket>();
  let got = "";
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined).once("close", () => sockets.delete(socket));
    socket.on("data", (piece) => {
      got += piece.toString("latin1");
    });
    socket.once("data", () => {
      if (typeof answer === "string") socket.write(answer);
      else answer(socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`,
    open: () => sockets.size,
    got: () => got,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const until = async (holds: () => boolean): Promise<void> => {
  for (const end = Date.now() + 15_000; !holds(); ) {
    if (Date.now() > end) throw new Error("it did not come");
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
};

const handshake = (port: number, path: string, headers: readonly string[] = []): string =>
  [
    ...[`GET ${root}${path} HTTP/1.1`, `Host: 127.0.0.1:${port}`, "Connection: Upgrade", "Upgrade: websocket"],
    ...["Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", ...headers, "", ""],
  ].join("\r\n");

/** Sends one handshake, and more after it, and gives all that came back until the end or a pause. */
async function raw(port: number, text: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  let got = "";
  socket.on("data", (piece) => {
    got += piece.toString("latin1");
  });
  socket.on("error", () => undefined);
  socket.write(text);
  const closed = once(socket, "close");
  await Promise.race([closed, once(socket, "data")]);
  await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 300))]);
  socket.destroy();
  return got;
}

test("frames go both ways through the proxy, with the data source's credentials and a subprotocol, until one side leaves", async () => {
  await using backend = await aBackend();
  const wss = new WebSocketServer({ server: backend.server, path: "/live/x", handleProtocols: () => "v2" });
  const seen: { authorization?: string | undefined; origin?: string | undefined; cookie?: string | undefined }[] = [];
  wss.on("connection", (socket, { headers }) => {
    seen.push({ authorization: headers.authorization, origin: headers.origin, cookie: headers.cookie });
    socket.send("hello");
    socket.on("message", (data) => socket.send(`echo ${(data as Buffer).toString("utf8").length}`));
  });
  await using proxy = await aProxy(backend.url);
  const client = new WebSocket(`ws://127.0.0.1:${proxy.port}${root}/live/x`, ["v1", "v2"], {
    headers: { authorization: "Bearer mine", cookie: "session=1", origin: `http://127.0.0.1:${proxy.port}` },
  });
  const messages: string[] = [];
  client.on("message", (data) => messages.push((data as Buffer).toString("utf8")));
  await once(client, "open");
  client.send("x".repeat(300_000));
  await until(() => messages.length === 2);
  expect(messages).toEqual(["hello", "echo 300000"]);
  expect(client.protocol).toBe("v2");
  expect(seen).toEqual([{ authorization: `Basic ${Buffer.from("u:pw").toString("base64")}`, origin: undefined, cookie: undefined }]);
  client.close(1000);
  await once(client, "close");
  await until(() => wss.clients.size === 0 && proxy.open() === 0);
  wss.close();
});

test("a client that is cut cuts the backend, and a backend that is cut cuts the client", async () => {
  await using backend = await aBackend();
  const wss = new WebSocketServer({ server: backend.server });
  await using proxy = await aProxy(backend.url);
  const one = new WebSocket(`ws://127.0.0.1:${proxy.port}${root}/a`);
  await once(one, "open");
  one.terminate();
  await until(() => wss.clients.size === 0);
  const two = new WebSocket(`ws://127.0.0.1:${proxy.port}${root}/a`);
  await once(two, "open");
  for (const socket of wss.clients) socket.terminate();
  await once(two, "close");
  await until(() => proxy.open() === 0);
  expect([wss.clients.size, proxy.open()]).toEqual([0, 0]);
  wss.close();
});

test.each([
  ["a 200", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody", "HTTP/1.1 200"],
  ["a 403", "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 403"],
  ["a 401", "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 400"],
  ["a redirect away", "HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 502"],
  ["a 101 without proof", "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", "HTTP/1.1 502"],
  [
    "a 101 to another protocol",
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
    "HTTP/1.1 502",
  ],
  ["nonsense", "SSH-2.0-OpenSSH\r\n\r\n", "HTTP/1.1 502"],
])("%s makes no tunnel: what the client sends next never reaches the backend", async (_, answer, expected) => {
  await using backend = await aRawBackend(answer);
  await using proxy = await aProxy(backend.url);
  const got = await raw(proxy.port, `${handshake(proxy.port, "/x")}GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n`);
  expect(got.slice(0, expected.length)).toBe(expected);
  expect(got).not.toContain("101 Switching");
  expect(got).not.toContain("169.254");
  expect(backend.got()).not.toContain("smuggled");
  await until(() => backend.open() === 0 && proxy.open() === 0);
});

test("a backend that stays silent, or cuts the handshake, is told as such and leaves nothing open", async () => {
  await using silent = await aRawBackend(() => undefined);
  await using cutting = await aRawBackend((socket) => socket.destroy());
  await using toSilent = await aProxy(silent.url, 1);
  await using toCutting = await aProxy(cutting.url);
  const client = connect(toSilent.port, "127.0.0.1");
  client.write(handshake(toSilent.port, "/x"));
  const [piece] = (await once(client, "data")) as [Buffer];
  expect(piece.toString().slice(0, 12)).toBe("HTTP/1.1 504");
  expect((await raw(toCutting.port, handshake(toCutting.port, "/x"))).slice(0, 12)).toBe("HTTP/1.1 502");
  await until(() => silent.open() === 0 && cutting.open() === 0);
  client.destroy();
});

test("a backend that resets right after its 101, fifty times, ends nothing but that connection", async () => {
  const answer =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
  let turn = 0;
  await using backend = await aRawBackend((socket) => {
    turn += 1;
    const reset = (): void => void socket.resetAndDestroy();
    socket.write(answer, turn % 2 === 0 ? reset : () => setTimeout(reset, turn % 5));
  });
  await using proxy = await aProxy(backend.url);
  const answers = await Promise.all(Array.from({ length: 50 }, () => raw(proxy.port, `${handshake(proxy.port, "/x")}more and more`)));
  expect(answers.every((text) => text === "" || /^HTTP\/1.1 (?:101|502)/.test(text))).toBe(true);
  await until(() => backend.open() === 0 && proxy.open() === 0);
});

test("a client that leaves during the handshake leaves nothing open", async () => {
  await using silent = await aRawBackend(() => undefined);
  await using proxy = await aProxy(silent.url, 1);
  const client = connect(proxy.port, "127.0.0.1");
  client.write(handshake(proxy.port, "/x"));
  await until(() => silent.open() === 1);
  client.destroy();
  await until(() => silent.open() === 0);
  expect(silent.open()).toBe(0);
});

test("a page of root_url opens a WebSocket, whatever host a proxy before this server names", async () => {
  await using backend = await aBackend();
  const wss = new WebSocketServer({ server: backend.server });
  await using proxy = await aProxy(backend.url);
  const client = new WebSocket(`ws://127.0.0.1:${proxy.port}${root}/x`, { headers: { origin: "http://localhost:3000" } });
  await once(client, "open");
  expect(wss.clients.size).toBe(1);
  client.terminate();
  wss.close();
});

test("a page of another site opens no WebSocket, nor does a handshake without a key", async () => {
  await using backend = await aRawBackend("HTTP/1.1 200 OK\r\n\r\n");
  await using proxy = await aProxy(backend.url);
  for (const origin of ["http://evil.test", "null", "http://127.0.0.1:1"]) {
    expect((await raw(proxy.port, handshake(proxy.port, "/x", [`Origin: ${origin}`]))).slice(0, 12)).toBe("HTTP/1.1 403");
  }
  const keyless = handshake(proxy.port, "/x").replace(/Sec-WebSocket-Key.*\r\n/, "");
  expect((await raw(proxy.port, keyless)).slice(0, 12)).toBe("HTTP/1.1 400");
  expect(backend.got()).toBe("");
});
