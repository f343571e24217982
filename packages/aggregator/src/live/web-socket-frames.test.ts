import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { expect, test } from "vitest";
import WebSocket, { WebSocketServer } from "ws";
import { FrameWriter, textFrame } from "./web-socket-frames.js";

/** Both ends of one WebSocket, and the socket below the server's. */
async function pair() {
  const http = createServer();
  const webSockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  const opened = new Promise<{ readonly server: WebSocket; readonly socket: Duplex }>((resolve) => {
    http.on("upgrade", (request, socket, head) =>
      webSockets.handleUpgrade(request, socket, head, (server) => {
        resolve({ server, socket });
      }),
    );
  });
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  const client = new WebSocket(`ws://127.0.0.1:${(http.address() as AddressInfo).port}`);
  const texts: string[] = [];
  client.on("message", (data: Buffer) => texts.push(data.toString("utf8")));
  const { server, socket } = await opened;
  await once(client, "open");
  return {
    ...{ client, server, socket, texts, writer: new FrameWriter(server, socket) },
    async [Symbol.asyncDispose]() {
      client.terminate();
      server.terminate();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

const settledWithin = (ms: number, promise: Promise<void>): Promise<boolean> =>
  Promise.race([promise.then(() => true), new Promise<boolean>((resolve) => setTimeout(() => resolve(false), ms))]);

test("a client reads frames of every length, between those that the WebSocket sends itself", async () => {
  await using it = await pair();
  const lengths = [0, 1, 125, 126, 65_535, 65_536, 200_000];
  const sent = lengths.map((length) => "x".repeat(length));
  it.server.send("first");
  await it.writer.write(sent.map((text) => textFrame(Buffer.from(text))));
  it.server.send("last");
  it.server.close(1000);
  await once(it.client, "close");
  expect(it.texts).toEqual(["first", ...sent, "last"]);
});

test("nothing is written after the close", async () => {
  await using it = await pair();
  it.server.close(1000, "over");
  expect(it.writer.write([textFrame(Buffer.from("late"))])).toBeUndefined();
  const [code] = (await once(it.client, "close")) as [number];
  expect([code, it.texts]).toEqual([1000, []]);
});

test("a peer that reads on is waited for, and one that goes is not", async () => {
  await using it = await pair();
  it.client.pause();
  const frame = textFrame(Buffer.alloc(1 << 20, "x"));
  const writeUntilItWaits = async (): Promise<{ readonly pending: Promise<void> | undefined }> => {
    let pending: Promise<void> | undefined;
    do pending = it.writer.write([frame]);
    while (pending === undefined || (await settledWithin(50, pending)));
    return { pending };
  };
  const first = await writeUntilItWaits();
  it.client.resume();
  await first.pending;
  it.client.pause();
  const second = await writeUntilItWaits();
  it.client.terminate();
  await second.pending;
  expect(it.writer.write([frame])).toBeUndefined();
});
