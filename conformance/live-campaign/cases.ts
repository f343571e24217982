import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { publish } from "./load.js";
import { clientFrame, openRaw, type RawClient } from "./raw-client.js";

/** One thing that a client should not do, or should not suffer from. */
export interface LiveCase {
  readonly name: string;
  /** Resolves with what is wrong; undefined when nothing is. */
  readonly run: (url: string) => Promise<string | undefined>;
}

const connect = clientFrame('{"id":1,"connect":{}}');
const subscribe = (channel: string): Buffer => clientFrame(JSON.stringify({ id: 2, subscribe: { channel } }));

const origin = (name: string, value: string): LiveCase => ({
  name: `a page of ${name}`,
  run: async (url) => {
    const { status, socket } = await openRaw(url, { origin: value });
    socket.destroy();
    return status === 403 ? undefined : `the handshake was ${status}`;
  },
});

/** Frames after which the server closes with that code. */
const badFrames = (name: string, frames: readonly Uint8Array[], code: number): LiveCase => ({
  name,
  run: async (url) => {
    const client = await openRaw(url);
    for (const frame of frames) client.socket.write(frame);
    const got = await client.closeCode(5_000);
    return got === code ? undefined : `closed with ${String(got)} in place of ${code}`;
  },
});

/** A channel that is refused with that code, while the connection goes on. */
const badChannel = (channel: string, code: number): LiveCase => ({
  name: `the channel ${JSON.stringify(channel.slice(0, 40))}`,
  run: async (url) => {
    const client = await openRaw(url);
    client.socket.write(Buffer.concat([connect, subscribe(channel)]));
    const isRefused = await received(client, `{"id":2,"error":{"code":${code}`, 5_000);
    const answer = client.tail();
    client.socket.destroy();
    return isRefused ? undefined : `answered ${answer.slice(-200)}`;
  },
});

async function received(client: RawClient, text: string, withinMs: number): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  while (!client.tail().includes(text)) {
    if (performance.now() > deadline) return false;
    await sleep(20);
  }
  return true;
}

/** Joins and reads no more. */
async function standStill(url: string, channel: string): Promise<RawClient> {
  const client = await openRaw(url);
  client.socket.write(Buffer.concat([connect, subscribe(`1/${channel}`)]));
  if (!(await received(client, '"id":2,"subscribe"', 5_000))) throw new Error("a slow reader could not subscribe");
  client.socket.pause();
  return client;
}

const flood = 64;

/** What waits for a reader that stands still is bounded, and then it is cut. The one that reads gets all. */
const slowReader: LiveCase = {
  name: "a reader that stands still while 16 MiB are published",
  run: async (url) => {
    // A new one each time: offsets begin at 1.
    const floodedChannel = `grafana/broadcast/${randomUUID()}`;
    const slow = await standStill(url, floodedChannel);
    const quick = await openRaw(url);
    quick.socket.write(Buffer.concat([connect, subscribe(`1/${floodedChannel}`)]));
    await received(quick, '"id":2,"subscribe"', 5_000);
    const data = JSON.stringify("x".repeat(256 << 10));
    for (let count = 0; count < flood; count += 1) await publish(url, floodedChannel, data);
    const gotAll = await received(quick, `"offset":${flood}}`, 5_000);
    quick.socket.destroy();
    slow.socket.resume();
    const code = await slow.closeCode(10_000);
    if (!gotAll) return "the reader beside it did not get all";
    return code === 3008 || code === 1006 ? undefined : `it was closed with ${String(code)}`;
  },
};

/** Commands are worked off no faster than they can be, and one that sends without end is sent away. */
const publishFlood: LiveCase = {
  name: "a client that publishes 5,000 times at once",
  run: async (url) => {
    const client = await openRaw(url);
    client.socket.write(connect);
    const commands = Array.from({ length: 5_000 }, (_, id) => `{"id":${id + 2},"publish":{"channel":"1/grafana/broadcast/flood","data":${id}}}`);
    for (let at = 0; at < commands.length; at += 500) client.socket.write(clientFrame(commands.slice(at, at + 500).join("\n")));
    const isDone = await received(client, '{"id":5001,"publish":{}}', 20_000);
    const code = await client.closeCode(100);
    return isDone || code === 3013 ? undefined : `neither worked off nor sent away: ${String(code)}`;
  },
};

/** 200 connections that say nothing are closed by themselves. */
const silent: LiveCase = {
  name: "200 clients that never say connect",
  run: async (url) => {
    const clients = await Promise.all(Array.from({ length: 200 }, () => openRaw(url)));
    const codes = await Promise.all(clients.map((client) => client.closeCode(20_000)));
    const others = codes.filter((code) => code !== 3502);
    return others.length === 0 ? undefined : `${others.length} were closed otherwise: ${String(others[0])}`;
  },
};

const json = (value: unknown): Buffer => clientFrame(JSON.stringify(value));

export const liveCases: readonly LiveCase[] = [
  ...[origin("another host", "http://evil.example"), origin("no origin", "null"), origin("a file", "file://")],
  ...[origin("a host that begins as ours", "http://127.0.0.1.evil.example"), origin("another port of our host", "http://127.0.0.1:1")],
  badFrames("a frame without a mask", [clientFrame("{}", { isMasked: false })], 1002),
  badFrames("a reserved bit", [clientFrame("{}", { first: 0xc1 })], 1002),
  badFrames("an opcode that is none", [clientFrame("{}", { first: 0x83 })], 1002),
  badFrames("a ping in pieces", [clientFrame("x", { first: 0x09 })], 1002),
  badFrames("a ping of 126 bytes", [clientFrame("x".repeat(126), { first: 0x89 })], 1002),
  badFrames("a length of 2^62", [clientFrame("{}", { length: 1n << 62n })], 1009),
  badFrames("a text over the bound", [clientFrame("x".repeat(70_000))], 1009),
  badFrames(
    "pieces without end",
    Array.from({ length: 40 }, (_, index) => clientFrame("x".repeat(4096), { first: index === 0 ? 0x01 : 0x00 })),
    1009,
  ),
  badFrames("a text that is no UTF-8", [clientFrame(Buffer.from([0xc3, 0x28]))], 1007),
  badFrames("a binary frame", [clientFrame("{}", { first: 0x82 })], 3501),
  badFrames("no JSON", [clientFrame("{oops")], 3501),
  badFrames("a subscribe before connect", [subscribe("1/grafana/broadcast/x")], 3501),
  badFrames("a command of two methods", [connect, json({ id: 2, presence: {}, history: {} })], 3501),
  badChannel("grafana/broadcast/x", 400),
  badChannel("1/ds/nobody/x", 404),
  badChannel("1/grafana/broadcast/a b", 400),
  badChannel(`1/grafana/broadcast/${"x".repeat(200)}`, 400),
  ...[slowReader, publishFlood, silent],
];
