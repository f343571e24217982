import { mkdtempSync } from "node:fs";
import { connect as connectHttp2 } from "node:http2";
import { connect as connectSocket } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { connect as connectTls } from "node:tls";
import { type Handler, silentLogger, systemClock } from "@dataplane/meta";
import { afterEach, expect, test } from "vitest";
import { LiveValue } from "../tls/live.js";
import { openServingCertificate } from "../tls/serving-certificate.js";
import { type Listener, listenHttp, listenHttps } from "./listeners.js";

// RFC 9113: frames of 9 bytes of header and their payload; header blocks by HPACK's static table.
const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
const type = { data: 0, headers: 1, reset: 3, settings: 4, goaway: 7, windowUpdate: 8 };
const endStreamAndHeaders = 5;
const cancel = 8;
/** GET / of https://localhost. */
const block = Buffer.concat([Buffer.from([0x82, 0x84, 0x87, 0x41, 9]), Buffer.from("localhost")]);

function frame(kind: number, flags: number, streamId: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload.length, 0, 3);
  header.writeUInt8(kind, 3);
  header.writeUInt8(flags, 4);
  header.writeUInt32BE(streamId, 5);
  return Buffer.concat([header, payload]);
}

const number = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

const certificate = openServingCertificate(mkdtempSync(path.join(tmpdir(), "reset-")), new Date());
const credentials = new LiveValue({ ...certificate, clientAuthorities: certificate.ca });
const listeners: Listener[] = [];
afterEach(async () => {
  for (const listener of listeners.splice(0)) {
    listener.destroy();
    await listener.close();
  }
});

interface Calls {
  begun: number;
  running: number;
  mostRunning: number;
}

/** Answers `/` when its client is gone, and everything else at once. */
async function listenSecure(calls: Calls): Promise<number> {
  const handler: Handler = async ({ path: where, signal }) => {
    if (where !== "/") return { status: 200, headers: {}, body: "well" };
    calls.begun += 1;
    calls.running += 1;
    calls.mostRunning = Math.max(calls.mostRunning, calls.running);
    await new Promise((resolve) => {
      if (signal.aborted) resolve(undefined);
      signal.addEventListener("abort", resolve, { once: true });
    });
    calls.running -= 1;
    return { status: 200, headers: {}, body: "late" };
  };
  const listener = await listenHttps({ host: "", port: 0, handler, logger: silentLogger, credentials, liveness: { everyMs: 300, withinMs: 300 } });
  listeners.push(listener);
  return listener.port;
}

/** Sends the frames as fast as the connection takes them, and resolves when the server has closed it, or said GOAWAY for an error. */
function attack(port: number, frames: (index: number) => Buffer, count: number): Promise<void> {
  const socket = connectTls({ port, host: "localhost", ca: certificate.ca, ALPNProtocols: ["h2"] });
  let received = Buffer.alloc(0);
  socket.on("data", (data: Buffer) => {
    received = Buffer.concat([received, data]);
    while (received.length >= 9 && received.length >= 9 + received.readUIntBE(0, 3)) {
      const end = 9 + received.readUIntBE(0, 3);
      if (received.readUInt8(3) === type.goaway && received.readUInt32BE(13) !== 0) socket.destroy();
      received = received.subarray(end);
    }
  });
  socket.on("error", () => undefined);
  socket.write(Buffer.concat([preface, frame(type.settings, 0, 0, Buffer.alloc(0))]));
  let sent = 0;
  const more = (): void => {
    while (sent < count && !socket.destroyed) {
      const pieces = Array.from({ length: Math.min(50, count - sent) }, (_, index) => frames(sent + index));
      sent += pieces.length;
      if (!socket.write(Buffer.concat(pieces))) return void socket.once("drain", more);
    }
  };
  more();
  return new Promise((resolve) => socket.once("close", () => resolve()));
}

const idOf = (index: number): number => 2 * index + 1;
const open = (index: number): Buffer => frame(type.headers, endStreamAndHeaders, idOf(index), block);

const attacks: Readonly<Record<string, (index: number) => Buffer>> = {
  "requests that are reset at once": (index) => Buffer.concat([open(index), frame(type.reset, 0, idOf(index), number(cancel))]),
  "requests with data after their end": (index) => Buffer.concat([open(index), frame(type.data, 0, idOf(index), Buffer.from("x"))]),
  "requests that make the server reset them by a window that is too large": (index) =>
    Buffer.concat([open(index), frame(type.windowUpdate, 0, idOf(index), number(0x7f_ff_ff_ff))]),
  "requests without the fields that they need": (index) => frame(type.headers, endStreamAndHeaders, idOf(index), Buffer.from([0x82])),
};

test.each(Object.entries(attacks))("a connection of 20,000 %s is closed; others are served, and it costs little memory", async (_, frames) => {
  const calls: Calls = { begun: 0, running: 0, mostRunning: 0 };
  const port = await listenSecure(calls);
  const other = connectHttp2(`https://localhost:${port}`, { ca: certificate.ca });
  const before = process.memoryUsage().rss;
  const ended = attack(port, frames, 20_000);
  const over = new AbortController();
  void ended.then(() => over.abort());
  do {
    expect(await text(other.request({ ":path": "/well" }))).toBe("well");
    await systemClock.sleep(5);
  } while (!over.signal.aborted);

  expect(process.memoryUsage().rss - before).toBeLessThan(64 << 20);
  // Far from all were begun, and what was begun was told to stop.
  expect(calls.begun).toBeLessThan(5000);
  expect(calls.mostRunning).toBeLessThan(2000);
  await expect.poll(() => calls.running).toBe(0);
  other.close();
});

test("no HTTP/2 is spoken in the clear: its preface is a bad request", async () => {
  const listener = await listenHttp({
    host: "",
    port: 0,
    handler: () => Promise.resolve({ status: 200, headers: {}, body: "well" }),
    logger: silentLogger,
  });
  listeners.push(listener);
  const socket = connectSocket(listener.port, "127.0.0.1");
  socket.write(Buffer.concat([preface, frame(type.settings, 0, 0, Buffer.alloc(0)), open(0)]));
  expect(await text(socket)).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
});
