import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { type HttpRequest, type HttpResponse, silentLogger } from "@dataplane/meta";
import { expect, test } from "vitest";
import { nodeListener } from "./node-adapter.js";

type Answer = (request: HttpRequest) => Promise<HttpResponse>;

async function exchange(answer: Answer, talk: (socket: Socket) => void | Promise<void>): Promise<string> {
  const server = createServer(nodeListener(answer, silentLogger)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  socket.on("error", () => undefined);
  let text = "";
  socket.setEncoding("latin1").on("data", (piece: string) => (text += piece));
  await talk(socket);
  if (!socket.closed) await once(socket, "close");
  server.close();
  return text;
}

const head = (more: string): string => `POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n${more}\r\n`;

const collected: Answer = async ({ body }) => {
  const pieces = await body.collect?.(10);
  const text = pieces === undefined ? "too large" : Buffer.concat(pieces).toString();
  return { status: 200, headers: { "x-one": "1", "x-many": ["a", "b"] }, body: Buffer.from(`[${text}]`) };
};

test.each([
  ["in one piece", `${head("Content-Length: 5\r\n")}abcde`, "[abcde]"],
  ["of nothing", head("Content-Length: 0\r\n"), "[]"],
  ["in chunks", `${head("Transfer-Encoding: chunked\r\n")}2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n`, "[abcde]"],
  ["over the limit", `${head("Content-Length: 11\r\n")}abcdefghijk`, "[too large]"],
])("a body %s is collected, and answered", async (_name, sent, expected) => {
  const text = await exchange(collected, (socket) => void socket.write(sent));
  const [headers = "", body] = text.split("\r\n\r\n");
  expect(headers).toMatch(/^HTTP\/1\.1 200 OK\r\nx-one: 1\r\nx-many: a\r\nx-many: b\r\ncontent-length: /);
  expect(body).toBe(expected);
});

test("of a body that is over the limit nothing more is waited for", async () => {
  const text = await exchange(collected, (socket) => void socket.write(`${head("Content-Length: 1000000\r\n")}abcdefghijk`));
  expect(text).toContain("[too large]");
}, 10_000);

test("a client that goes in the middle of its body is waited for no longer", async () => {
  let tell = (_: unknown): void => undefined;
  const outcome = new Promise((resolve) => {
    tell = resolve;
  });
  const answer: Answer = async ({ body, signal }) => {
    const thrown: unknown = await body.collect?.(100).catch((error: unknown) => error);
    tell([thrown instanceof Error, signal.aborted]);
    return { status: 200, headers: {} };
  };
  await exchange(answer, async (socket) => {
    socket.write(`${head("Content-Length: 50\r\n")}abc`);
    await once(socket, "ready");
    setTimeout(() => socket.destroy(), 50);
  });
  expect(await outcome).toEqual([true, expect.any(Boolean)]);
});

test("a request whose time is over is told so, and its client is still answered", async () => {
  const answer: Answer = async (request) => {
    request.end?.(new Error("late"));
    return Promise.resolve({ status: 504, headers: {}, body: Buffer.from(String(request.signal.aborted)) });
  };
  expect(await exchange(answer, (socket) => void socket.write(head("Content-Length: 0\r\n")))).toMatch(/^HTTP\/1\.1 504 [^]*\r\n\r\ntrue$/);
});

test.each([0, 1, 12 * 1024, 12 * 1024 + 1, 1 << 20])("an answer of %i bytes is the bytes that it was, whatever they are", async (size) => {
  const body = Buffer.from(Array.from({ length: size }, (_, index) => (index * 7) % 256));
  const text = await exchange(
    () => Promise.resolve({ status: 200, headers: {}, body: new Uint8Array(body) }),
    (socket) => void socket.write(head("")),
  );
  const at = text.indexOf("\r\n\r\n");
  expect(text.slice(0, at)).toContain(`content-length: ${size}`);
  expect(Buffer.from(text.slice(at + 4), "latin1").equals(body)).toBe(true);
});
