import { connect as connectSocket, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { afterAll, beforeAll, expect, test } from "vitest";
import { http1Abuse } from "./testing/http1-abuse.js";
import { startListeners, type TestListeners } from "./testing/start-listeners.js";

let listeners: TestListeners;
let before = 0;
beforeAll(async () => {
  listeners = await startListeners();
  before = process.memoryUsage().rss;
});
afterAll(() => listeners[Symbol.asyncDispose]());

const protocols = ["HTTP", "HTTPS"] as const;

function open(protocol: (typeof protocols)[number]): Socket {
  if (protocol === "HTTP") return connectSocket(listeners.http, "127.0.0.1");
  return connectTls({ port: listeners.https, host: "127.0.0.1", servername: "localhost", ca: listeners.ca, ALPNProtocols: ["http/1.1"] });
}

/** All that comes back until the connection closes, or for so long after the first answer. */
function exchange(socket: Socket, sent: string, lingerMs = 150): Promise<{ readonly answer: string; readonly isClosed: boolean }> {
  return new Promise((resolve) => {
    let answer = "";
    let isClosed = false;
    const done = (): void => {
      clearTimeout(late);
      socket.destroy();
      resolve({ answer, isClosed });
    };
    const late = setTimeout(done, 8_000);
    socket.on("data", (data: Buffer) => {
      answer += data.toString("latin1");
      setTimeout(done, lingerMs);
    });
    socket.on("error", () => undefined);
    socket.once("close", () => {
      isClosed = true;
      done();
    });
    socket.write(Buffer.from(sent, "latin1"));
  });
}

const live = "GET /version HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n";

test.each(protocols.flatMap((protocol) => http1Abuse.map((abuse) => ({ protocol, ...abuse }))))(
  "$what over $protocol is refused, and others are served",
  async ({ protocol, sent }) => {
    const { answer, isClosed } = await exchange(open(protocol), sent);
    const statuses = [...answer.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status));
    if (statuses.length === 0) expect(isClosed).toBe(true);
    // One request is one answer: what was smuggled behind it is not answered.
    expect(statuses.filter((status) => status < 400 || status >= 500)).toEqual([]);
    expect(statuses.length).toBeLessThanOrEqual(1);
    expect((await exchange(open(protocol), live)).answer).toMatch(/^HTTP\/1\.1 200/);
  },
);

test.each([
  ["headers", "GET /version HTTP/1.1\r\nHost: here\r\nX-Slow: "],
  ["a request line", "GET /vers"],
])("a client that sends %s slower than anyone does is cut", async (_, beginning) => {
  const { answer, isClosed } = await exchange(open("HTTP"), beginning, 1_000);
  expect(isClosed || answer.startsWith("HTTP/1.1 408")).toBe(true);
});

test("a thousand requests in one packet are answered in their order", async () => {
  const paths = Array.from({ length: 1_000 }, (_, index) => `/nothing/${index}`);
  const sent = paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: here\r\n\r\n`).join("");
  const { answer } = await exchange(open("HTTP"), `${sent}${live}`, 3_000);
  expect([...answer.matchAll(/HTTP\/1\.1 404/g)]).toHaveLength(1_000);
  expect(answer.lastIndexOf("HTTP/1.1 200")).toBeGreaterThan(answer.lastIndexOf("HTTP/1.1 404"));
});

test("three hundred clients that begin a request and stop hold nobody up", async () => {
  const waiting = Array.from({ length: 300 }, () => {
    const socket = open("HTTP");
    socket.on("error", () => undefined);
    socket.write(
      "POST /api/v1/namespaces/default/configmaps HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
    );
    return socket;
  });
  expect((await exchange(open("HTTP"), live)).answer).toMatch(/^HTTP\/1\.1 200/);
  for (const socket of waiting) socket.destroy();
});

test("all of it together cost little memory", () => {
  globalThis.gc?.();
  expect(process.memoryUsage().rss - before).toBeLessThan(128 << 20);
});
