import { once } from "node:events";
import { createServer } from "node:http";
import { connect as connectHttp2, createServer as createHttp2Server } from "node:http2";
import { type AddressInfo, connect } from "node:net";
import { Readable } from "node:stream";
import { type HttpRequest, type HttpResponse, silentLogger } from "@dataplane/meta";
import { expect, test } from "vitest";
import { nodeListener } from "./node-adapter.js";

const bytes = (text: string): string => Buffer.from(text, "utf8").toString("latin1");

function answering(response: Partial<HttpResponse> = {}) {
  const received: HttpRequest[] = [];
  const listener = nodeListener((request) => {
    received.push(request);
    return Promise.resolve({ status: 200, headers: {}, ...response });
  }, silentLogger);
  return { received, listener };
}

test.each<[string, HttpResponse["body"]]>([
  ["nothing", undefined],
  ["bytes", Buffer.from("x")],
  ["text", "x"],
  ["pieces", [Buffer.from("x")]],
  ["pieces that come in their own time", Readable.from([Buffer.from("x")])],
])("over HTTP/1.1 each header is kept as it was sent, and the query too; an answer's header before %s", async (_, body) => {
  const { received, listener } = answering({ headers: { "x-answer": bytes("Zoë ☃") }, ...(body === undefined ? {} : { body }) });
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  socket.end(Buffer.from("GET /x?a=%20;b&a=+ HTTP/1.1\r\nHost: h\r\nX-Many: a, b\r\nx-many: c\r\nX-Name: Zoë ☃\r\nConnection: close\r\n\r\n"));
  let text = "";
  for await (const piece of socket) text += String(piece);
  server.close();
  expect(received[0]).toMatchObject({ path: "/x", rawQuery: "a=%20;b&a=+", headers: { "x-many": "a, b, c" } });
  expect(received[0]?.rawHeaders).toEqual(["Host", "h", "X-Many", "a, b", "x-many", "c", "X-Name", bytes("Zoë ☃"), "Connection", "close"]);
  expect(text).toContain("x-answer: Zoë ☃\r\n");
});

test.each<[string, HttpResponse["body"]]>([
  ["bytes", Buffer.from("x")],
  ["pieces that come in their own time", Readable.from([Buffer.from("x")])],
])("over HTTP/2 as well; an answer's header before %s", async (_, body) => {
  const { received, listener } = answering({ headers: { "x-answer": bytes("Zoë ☃") }, ...(body === undefined ? {} : { body }) });
  const server = createHttp2Server(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  const session = connectHttp2(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const stream = session.request({ ":path": "/x?a=1;2", "x-many": ["a, b", "c"], "x-name": bytes("Zoë") });
  const [headers] = (await once(stream, "response")) as [Record<string, string>];
  stream.resume();
  await once(stream, "end");
  expect(headers["x-answer"]).toBe(bytes("Zoë ☃"));
  session.close();
  server.close();
  const raw = received[0]?.rawHeaders ?? [];
  const values = (name: string) => raw.filter((_, at) => at % 2 === 1 && raw[at - 1] === name);
  expect([values("x-many"), values("x-name"), received[0]?.rawQuery]).toEqual([["a, b", "c"], [bytes("Zoë")], "a=1;2"]);
});

test("who lent memory to a body hears when all of it was taken, and not while the client does not read", async () => {
  let sent = 0;
  const size = 64 << 20;
  const { listener } = answering({ body: Buffer.alloc(size), onSent: () => (sent += 1) });
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1").pause();
  socket.end("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(sent).toBe(0);
  let length = 0;
  for await (const piece of socket) length += (piece as Buffer).length;
  server.close();
  expect(length).toBeGreaterThan(size);
  expect(sent).toBe(1);
});
