import { mkdtempSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { connect as connectHttp2, constants } from "node:http2";
import { request as httpsRequest } from "node:https";
import { connect as connectSocket } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { type Handler, silentLogger, systemClock } from "@dataplane/meta";
import { afterEach, expect, test } from "vitest";
import { LiveValue } from "../tls/live.js";
import { openServingCertificate } from "../tls/serving-certificate.js";
import { type Listener, listenHttp, listenHttps, PortTaken } from "./listeners.js";

const certificate = openServingCertificate(mkdtempSync(path.join(tmpdir(), "listen-")), new Date());
const credentials = new LiveValue({ ...certificate, clientAuthorities: certificate.ca });
const listeners: Listener[] = [];
afterEach(async () => {
  for (const listener of listeners.splice(0)) {
    listener.destroy();
    await listener.close();
  }
});

const options = (handler: Handler, port = 0) => ({ host: "", port, handler, logger: silentLogger });

async function http(handler: Handler): Promise<Listener> {
  const listener = await listenHttp(options(handler));
  listeners.push(listener);
  return listener;
}

async function https(handler: Handler): Promise<Listener> {
  const listener = await listenHttps({ ...options(handler), credentials });
  listeners.push(listener);
  return listener;
}

interface Answer {
  readonly status: number | undefined;
  readonly body: string;
}

function send(module: typeof httpRequest, url: string, body = ""): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = module(url, { method: "POST", ...{ ca: certificate.ca }, agent: false }, (response) => {
      void text(response).then((it) => resolve({ status: response.statusCode, body: it }), reject);
    });
    request.on("error", reject);
    request.end(body);
  });
}

const echo: Handler = async (request) => {
  const pieces: Uint8Array[] = [];
  for await (const piece of request.body) pieces.push(piece);
  return { status: 200, headers: {}, body: `${request.method} ${request.path} ${request.query.get("a") ?? ""} ${Buffer.concat(pieces).toString()}` };
};

test("plain HTTP is answered on IPv4 and IPv6", async () => {
  const { port } = await http(echo);
  expect(await send(httpRequest, `http://127.0.0.1:${port}/x%2Fy?a=1`, "hi")).toEqual({ status: 200, body: "POST /x%2Fy 1 hi" });
  expect(await send(httpRequest, `http://[::1]:${port}/`, "hi")).toEqual({ status: 200, body: "POST /  hi" });
});

test("HTTPS speaks HTTP/1.1 and HTTP/2 on one port", async () => {
  const { port } = await https(echo);
  expect(await send(httpsRequest, `https://localhost:${port}/a`, "one")).toEqual({ status: 200, body: "POST /a  one" });
  const session = connectHttp2(`https://localhost:${port}`, { ca: certificate.ca });
  const stream = session.request({ ":path": "/b?a=2", ":method": "POST" });
  stream.end("two");
  expect(await text(stream)).toBe("POST /b 2 two");
  session.close();
});

test("a port that is taken is told by name", async () => {
  const { port } = await http(echo);
  await expect(listenHttp(options(echo, port))).rejects.toThrow(PortTaken);
});

test("pieces go out as they come, over both protocols", async () => {
  const stepwise: Handler = () => {
    async function* pieces(): AsyncGenerator<Uint8Array> {
      yield Buffer.from("first ");
      await systemClock.sleep(20);
      yield Buffer.from("second");
    }
    return Promise.resolve({ status: 200, headers: { "content-type": "text/plain" }, body: pieces() });
  };
  const plain = await http(stepwise);
  expect((await send(httpRequest, `http://127.0.0.1:${plain.port}/`)).body).toBe("first second");
  const secure = await https(stepwise);
  const session = connectHttp2(`https://localhost:${secure.port}`, { ca: certificate.ca });
  expect(await text(session.request({ ":path": "/" }))).toBe("first second");
  session.close();
});

test("a client that goes away aborts its request", async () => {
  const seen = new Promise<string>((resolve) => {
    void http((request) => {
      request.signal.addEventListener("abort", () => resolve("aborted"));
      return new Promise(() => undefined);
    }).then(({ port }) => {
      const socket = connectSocket(port, "127.0.0.1", () => {
        socket.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
        setTimeout(() => socket.destroy(), 30);
      });
    });
  });
  expect(await seen).toBe("aborted");
});

test("a client that resets its stream aborts its request, whether an answer has begun or not", async () => {
  const aborted: string[] = [];
  const { port } = await https(({ path: where, signal }) => {
    signal.addEventListener("abort", () => aborted.push(where), { once: true });
    return where === "/waiting" ? new Promise(() => undefined) : Promise.resolve({ status: 200, headers: {}, body: endless() });
  });
  const session = connectHttp2(`https://localhost:${port}`, { ca: certificate.ca });
  for (const where of ["/waiting", "/begun"]) {
    const stream = session.request({ ":path": where });
    stream.on("error", () => undefined);
    setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), 30);
  }
  await expect.poll(() => [...aborted].sort()).toEqual(["/begun", "/waiting"]);
  session.destroy();
});

test("closing waits for the request in flight, and takes no new one", async () => {
  const listener = await http(async () => {
    await systemClock.sleep(100);
    return { status: 200, headers: {}, body: "done" };
  });
  const inFlight = send(httpRequest, `http://127.0.0.1:${listener.port}/`);
  await systemClock.sleep(30);
  const closed = listener.close();
  await expect(send(httpRequest, `http://127.0.0.1:${listener.port}/`)).rejects.toThrow("ECONNREFUSED");
  expect(await inFlight).toEqual({ status: 200, body: "done" });
  await closed;
});

test("an answer that comes before the body is read does not wait for it", async () => {
  const { port } = await http(() => Promise.resolve({ status: 413, headers: {}, body: "too much" }));
  expect(await send(httpRequest, `http://127.0.0.1:${port}/`, "x".repeat(5_000_000)).catch((error: unknown) => error)).toMatchObject({ status: 413 });
});

test("a client that still writes is not robbed of its answer, whether it told the length or not", async () => {
  const { port } = await http(async (request) => {
    // Chunked bodies are given up in their midst.
    if (request.headers["content-length"] === undefined) for await (const piece of request.body) if (piece.byteLength > 0) break;
    return { status: 413, headers: {}, body: "too much" };
  });
  const big = Buffer.alloc(16_000_000);
  for (let round = 0; round < 10; round += 1) {
    for (const body of [big, new Blob([big]).stream()]) {
      const answer = await fetch(`http://127.0.0.1:${port}/`, { method: "POST", body, duplex: "half" });
      expect(answer.status).toBe(413);
      expect(await answer.text()).toBe("too much");
    }
  }
});

test("a long answer leaves no listener behind at each pause", async () => {
  const warnings: Error[] = [];
  const remember = (warning: Error): void => void warnings.push(warning);
  process.on("warning", remember);
  const piece = Buffer.alloc(1_000_000);
  const { port } = await http(() => Promise.resolve({ status: 200, headers: {}, body: Readable.from(Array.from({ length: 60 }, () => piece)) }));
  expect((await send(httpRequest, `http://127.0.0.1:${port}/`)).body).toHaveLength(60_000_000);
  await systemClock.sleep(10);
  process.off("warning", remember);
  expect(warnings).toEqual([]);
});

/** Sends the lines of a request over a connection of its own; resolves with all that comes back. */
function sendRaw(port: number, lines: readonly string[], body = ""): Promise<string> {
  const socket = connectSocket(port, "127.0.0.1");
  socket.write(`${lines.join("\r\n")}\r\n\r\n${body}`);
  return text(socket);
}

const upgrading = ["GET /socket HTTP/1.1", "Host: here", "Connection: Upgrade", "Upgrade: websocket"];

test("a handler may take a connection over, and gets what was sent with the request", async () => {
  const { port } = await http((request) =>
    Promise.resolve({
      status: 101,
      headers: {},
      takeOver: ({ socket, head }) => void socket.end(`HTTP/1.1 101 Switching Protocols\r\n\r\n${request.upgrade ?? ""} ${head.toString()}`),
    }),
  );
  expect(await sendRaw(port, upgrading, "first words")).toBe("HTTP/1.1 101 Switching Protocols\r\n\r\nwebsocket first words");
});

test("SPDY, which kubectl exec of old speaks, leaves HTTP too, also with a POST", async () => {
  const { port } = await http((request) =>
    Promise.resolve({
      status: 101,
      headers: {},
      takeOver: ({ socket, head }) => void socket.end(`${request.method} ${request.upgrade ?? ""} ${head.toString()}`),
    }),
  );
  const lines = ["POST /exec HTTP/1.1", "Host: here", "Connection: Upgrade", "Upgrade: SPDY/3.1", "Content-Length: 0"];
  expect(await sendRaw(port, lines, "frames")).toBe("POST spdy/3.1 frames");
});

test("a refused upgrade is answered in HTTP and closed", async () => {
  const { port } = await http(() => Promise.resolve({ status: 403, headers: { "x-why": "because" }, body: "no" }));
  const answer = await sendRaw(port, upgrading);
  expect(answer).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n/);
  expect(answer).toContain("x-why: because");
  expect(answer).toMatch(/\r\n\r\nno$/);
});

test("a request that offers another protocol is served as if it had not, with its body", async () => {
  const { port } = await http(echo);
  const lines = ["POST /x?a=1 HTTP/1.1", "Host: here", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk"];
  const answer = sendRaw(port, [...lines, "Content-Length: 5"], "hello");
  const second = setTimeout(() => listeners[0]?.destroy(), 300);
  expect(await answer).toMatch(/^HTTP\/1\.1 200 OK[^]*POST \/x 1 hello$/);
  clearTimeout(second);
});

test("an answer that is cut is broken off, though nobody reads it", async () => {
  const cut = new AbortController();
  let left: (() => void) | undefined;
  const gone = new Promise<boolean>((resolve) => {
    left = () => resolve(cut.signal.aborted);
  });
  const { port } = await http(({ signal }) => {
    signal.addEventListener("abort", () => left?.(), { once: true });
    return Promise.resolve({ status: 200, headers: {}, body: endless(), cut: cut.signal });
  });
  const socket = connectSocket(port, "127.0.0.1").pause();
  socket.on("error", () => undefined);
  socket.write("GET / HTTP/1.1\r\nHost: here\r\n\r\n");
  await systemClock.sleep(100);
  cut.abort();
  expect(await gone).toBe(true);
  socket.destroy();
});

test("an answer that is cut does not look whole over HTTP/2", async () => {
  const cut = new AbortController();
  const brokenOff = async function* (): AsyncGenerator<Uint8Array> {
    yield await Promise.resolve(Buffer.from("part"));
    cut.abort();
  };
  const { port } = await https(() => Promise.resolve({ status: 200, headers: {}, body: brokenOff(), cut: cut.signal }));
  const session = connectHttp2(`https://localhost:${port}`, { ca: certificate.ca });
  const request = session.request({ ":path": "/" });
  await expect(text(request)).rejects.toThrow("NGHTTP2_INTERNAL_ERROR");
  session.close();
});

async function* endless(): AsyncGenerator<Uint8Array> {
  for (;;) yield await Promise.resolve(Buffer.alloc(100_000));
}
