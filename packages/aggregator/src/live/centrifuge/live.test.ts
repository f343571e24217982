import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { createApiClient } from "@dataplane/client";
import { dataPlaneUser, notFound, silentLogger, systemClock } from "@dataplane/meta";
import { type StreamRequest, StreamStatus } from "@dataplane/plugin-protocol";
import { Centrifuge, type PublicationContext, type Subscription } from "centrifuge";
import { expect, test } from "vitest";
import WebSocket from "ws";
import { type LegacyOptions, legacyHandler } from "../../legacy/legacy-handler.js";
import { aPlugin, aPluginSource } from "../../testing/a-plugin.js";
import { call } from "../../testing/call.js";
import { knownDataSources } from "../../testing/known-data-sources.js";
import { listen } from "../../testing/listen.js";
import { createStreamChannels } from "../stream-channels.js";
import { Live, type LiveSettings } from "./live.js";

const bytes = (value: string): Uint8Array => new TextEncoder().encode(value);
const frame = (value: number): string => `{"schema":{"fields":[]},"data":{"values":[[${value}]]}}`;

/** Sends a frame each 10 ms; `count/N` sends N at once and ends. */
async function* runStream({ path }: StreamRequest, { signal }: { readonly signal: AbortSignal }) {
  const [kind, count = "0"] = path.split("/");
  for (let value = 1; kind !== "count" || value <= Number(count); value++) {
    if (kind !== "count") await pause(10, undefined, { signal });
    yield { data: bytes(kind === "big" ? JSON.stringify("x".repeat(100_000)) : frame(value)) };
  }
}

const statusOf = (path: string): StreamStatus =>
  path === "denied" ? StreamStatus.PERMISSION_DENIED : path === "none" ? StreamStatus.NOT_FOUND : StreamStatus.OK;

async function start(settings: Partial<LiveSettings> = {}) {
  const stopping = new AbortController();
  const plugin = aPlugin({
    id: "p",
    calls: {
      subscribeStream: ({ path, data }) => Promise.resolve({ status: statusOf(path), data: path === "none" ? new Uint8Array() : data }),
      runStream,
      publishStream: ({ path, data }) => Promise.resolve({ status: statusOf(path), data }),
    },
  });
  const plugins = aPluginSource([plugin]);
  const contexts = knownDataSources([
    { pluginId: "p", uid: "main" },
    { pluginId: "p", uid: "hidden" },
  ]);
  const common = { plugins, contexts, clock: systemClock, logger: silentLogger };
  const limits = { bodyBytes: 1e6, callTimeoutMs: 5000 };
  const streams = { queueMaxBytes: settings.queueMaxBytes ?? 1 << 20 };
  const channels = createStreamChannels({ ...common, limits, streams, stopping: stopping.signal });
  const asked: string[] = [];
  const authorizer: LegacyOptions["authorizer"] = {
    authorize: (_, { verb, group, namespace, resource, name, subresource }) => {
      asked.push(`${verb} ${group} ${namespace} ${resource}/${name}/${subresource}`);
      return { allowed: name !== "hidden", reason: "" };
    },
  };
  const live = new Live({
    ...{ ...common, authorizer, channels, version: "1.2.3", stopping: stopping.signal },
    settings: {
      ...{ maxConnections: 100, allowedOrigins: ["https://*.example.com"], messageMaxBytes: 65_536, queueMaxBytes: 1 << 20 },
      rootUrl: "http://grafana.test/",
      ...settings,
    },
  });
  const delegate = () => Promise.reject(notFound("paths", "this"));
  const handler = legacyHandler({
    ...{ ...common, limits, authorizer, channels, live, delegate },
    client: createApiClient({ handler: delegate, user: dataPlaneUser }),
    server: { version: "1.2.3", commit: "abc", reload: () => Promise.resolve() },
  });
  const server = await listen(handler);
  const url = `ws://127.0.0.1:${server.port}/api/live/ws`;
  const clients: Centrifuge[] = [];
  return {
    ...{ live, channels, stopping, handler, url, asked },
    client(): Centrifuge {
      const client = new Centrifuge(url, { websocket: WebSocket, minReconnectDelay: 20, maxReconnectDelay: 50 });
      clients.push(client);
      client.connect();
      return client;
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.disconnect();
      stopping.abort();
      await server[Symbol.asyncDispose]();
    },
  };
}

const published = (subscription: Subscription): PublicationContext[] => {
  const seen: PublicationContext[] = [];
  subscription.on("publication", (publication) => seen.push(publication));
  return seen;
};

async function until(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 5000;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`never came true: ${holds.toString()}`);
    await pause(3);
  }
}

test("a client of Centrifuge subscribes with data, and gets the plugin's stream in order", async () => {
  await using it = await start();
  const subscription = it.client().newSubscription("1/ds/main/tick", { data: { big: 1 } });
  const seen = published(subscription);
  subscription.subscribe();
  expect(await new Promise((resolve) => subscription.once("subscribed", resolve))).toMatchObject({ data: { big: 1 }, recoverable: true });
  await until(() => seen.length >= 3);
  expect(seen.slice(0, 3).map(({ offset, data }) => [offset, data as unknown])).toEqual([
    [1, { schema: { fields: [] }, data: { values: [[1]] } }],
    [2, { data: { values: [[2]] } }],
    [3, { data: { values: [[3]] } }],
  ]);
});

test("a client that lost its connection recovers what it missed", async () => {
  await using it = await start();
  const client = it.client();
  const subscription = client.newSubscription("1/ds/main/tick");
  const seen = published(subscription);
  const recoveries: unknown[] = [];
  subscription.on("subscribed", ({ wasRecovering, recovered }) => recoveries.push([wasRecovering, recovered]));
  subscription.subscribe();
  await until(() => seen.length >= 3);
  (client as unknown as { _transport: { _transport: WebSocket } })._transport._transport.terminate();
  await until(() => recoveries.length === 2);
  const at = seen.length;
  await until(() => seen.length > at + 3);
  expect(recoveries).toEqual([
    [false, false],
    [true, true],
  ]);
  expect(seen.map(({ offset }) => offset)).toEqual(seen.map((_, index) => index + 1));
});

test("who comes back too late is told that something is lost, and who comes back in time gets it with the answer", async () => {
  await using it = await start();
  const socket = new WebSocket(it.url);
  const texts: string[] = [];
  socket.on("message", (data: Buffer) => texts.push(...data.toString("utf8").split("\n")));
  await once(socket, "open");
  const channel = "1/grafana/broadcast/log";
  const post = (data: number) => call(it.handler, "POST", "/api/live/publish", { body: { channel: "grafana/broadcast/log", data } });
  const subscribe = (id: number, rest: object) => socket.send(JSON.stringify({ id, subscribe: { channel, recover: true, ...rest } }));
  socket.send(connect);
  for (const data of [1, 2, 3]) await post(data);
  subscribe(2, { epoch: "another", offset: 1 });
  await until(() => texts.length === 2);
  const { subscribe: lost } = JSON.parse(texts[1] ?? "") as { subscribe: { epoch: string } };
  expect(lost).toMatchObject({ recoverable: true, was_recovering: true, recovered: false, offset: 3 });
  expect(lost).not.toHaveProperty("publications");
  socket.send(JSON.stringify({ id: 3, unsubscribe: { channel } }));
  subscribe(4, { epoch: lost.epoch, offset: 1 });
  await until(() => texts.length === 4);
  const publications = [
    { data: 2, offset: 2 },
    { data: 3, offset: 3 },
  ];
  expect(JSON.parse(texts[3] ?? "")).toMatchObject({ id: 4, subscribe: { was_recovering: true, recovered: true, offset: 3, publications } });
  socket.terminate();
});

test("rights are asked for each channel, in its plugin's own group", async () => {
  await using it = await start();
  const client = it.client();
  const subscription = client.newSubscription("1/ds/main/tick");
  subscription.subscribe();
  await subscription.ready();
  await client.publish("1/ds/main/tick", 1);
  await client.publish("1/grafana/broadcast/a", 1);
  expect(it.asked).toEqual([
    "get p.datasource.grafana.app default datasources/main/stream",
    "create p.datasource.grafana.app default datasources/main/stream",
    "create live.grafana.app default channels/grafana.broadcast/",
  ]);
});

test.each([
  { channel: "1/ds/main/denied", code: 403 },
  { channel: "1/ds/main/none", code: 404 },
  { channel: "1/ds/hidden/tick", code: 403 },
  { channel: "1/ds/other/tick", code: 404 },
  { channel: "2/ds/main/tick", code: 404 },
  { channel: "1/plugin/p/tick", code: 400 },
  { channel: "1/grafana/dashboard/uid", code: 404 },
  { channel: "1/ds/main", code: 400 },
  { channel: "ds/main/tick", code: 400 },
  { channel: "1/ds/main/a b", code: 400 },
  { channel: `1/ds/main/${"a".repeat(160)}`, code: 400 },
  { channel: "default/ds/main/tick", code: 400 },
])("subscribing to $channel is $code", async ({ channel, code }) => {
  await using it = await start();
  const subscription = it.client().newSubscription(channel);
  const ended = new Promise((resolve) => subscription.once("unsubscribed", resolve));
  subscription.subscribe();
  expect(await ended).toMatchObject({ code });
});

test("what one publishes the others get, from a client and over HTTP; presence counts them", async () => {
  await using it = await start();
  const [one, two] = [it.client(), it.client()];
  const subscriptions = [one, two].map((client) => client.newSubscription("1/grafana/broadcast/news"));
  const seen = subscriptions.map(published);
  for (const subscription of subscriptions) subscription.subscribe();
  await Promise.all(subscriptions.map((subscription) => subscription.ready()));
  await one.publish("1/grafana/broadcast/news", { n: 1 });
  const posted = await call(it.handler, "POST", "/api/live/publish", { body: '{"channel":"grafana/broadcast/news","data":12345678901234567890}' });
  expect([posted.status, posted.json]).toEqual([200, {}]);
  await until(() => seen.every(({ length }) => length === 2));
  expect(seen[1]?.map(({ data }) => data as unknown)).toEqual([{ n: 1 }, 12345678901234567890]);
  expect(await one.presenceStats("1/grafana/broadcast/news")).toEqual({ numClients: 2, numUsers: 1 });
  expect(Object.values((await two.presence("1/grafana/broadcast/news")).clients).map(({ user }) => user)).toEqual(["admin", "admin"]);
  expect(await one.history("1/grafana/broadcast/news", { limit: 0 })).toMatchObject({ publications: [], offset: 2 });
  await expect(two.rpc("x", {})).rejects.toMatchObject({ code: 104 });
  await expect(two.publish("1/ds/main/denied", {})).rejects.toMatchObject({ code: 403 });
  await expect(two.presence("1/grafana/broadcast/other")).rejects.toMatchObject({ code: 103 });
  subscriptions[1]?.unsubscribe();
  await until(() => it.live.list().some(({ state }) => state.subscribers === 1));
  expect((await call(it.handler, "GET", "/api/live/list")).json).toMatchObject({ channels: [{ channel: "grafana/broadcast/news", subscribers: 1 }] });
  expect((await call(it.handler, "GET", "/api/live/info/grafana/broadcast/news")).json).toMatchObject({ subscribers: 1, offset: 2 });
  expect((await call(it.handler, "GET", "/api/live/info/grafana/broadcast/none")).status).toBe(404);
});

test("a stream that the plugin ends is unsubscribed, and a server that stops says so", async () => {
  await using it = await start();
  const client = it.client();
  const over = client.newSubscription("1/ds/main/count/3");
  const seen = published(over);
  const ended = new Promise((resolve) => over.once("unsubscribed", resolve));
  over.subscribe();
  expect(await ended).toMatchObject({ code: 2000 });
  expect(seen).toHaveLength(3);
  const connecting = new Promise((resolve) => client.once("connecting", resolve));
  const pusher = new WebSocket(it.url.replace("/ws", "/push/sensors"));
  await once(pusher, "open");
  const pushed = once(pusher, "close");
  it.stopping.abort();
  expect((await pushed)[0]).toBe(1001);
  expect(await connecting).toMatchObject({ code: 3001, reason: "shutdown" });
});

const raw = async (url: string, frames: readonly (string | Buffer)[], options = {}): Promise<{ readonly code: number; readonly texts: string[] }> => {
  const socket = new WebSocket(url, options);
  const texts: string[] = [];
  socket.on("message", (data: Buffer) => texts.push(...data.toString("utf8").split("\n")));
  socket.on("error", () => undefined);
  await once(socket, "open");
  for (const text of frames) socket.send(text);
  const [code] = (await once(socket, "close")) as [number];
  return { code, texts };
};

const connect = '{"id":1,"connect":{}}';

test.each([
  { name: "no JSON", frames: ["{oops"] },
  { name: "no object", frames: ["[1]"] },
  { name: "no connect first", frames: ['{"id":1,"subscribe":{"channel":"1/ds/main/tick"}}'] },
  { name: "connect twice", frames: [connect, connect] },
  { name: "no id", frames: [connect, '{"publish":{"channel":"a","data":1}}'] },
  { name: "an id that is none", frames: [connect, '{"id":-1,"presence":{}}'] },
  { name: "two methods", frames: [connect, '{"id":2,"presence":{},"history":{}}'] },
  { name: "a method of no object", frames: [connect, '{"id":2,"presence":7}'] },
  { name: "a parameter of a wrong type", frames: [connect, '{"id":2,"subscribe":{"channel":7}}'] },
  { name: "an offset that is none", frames: [connect, '{"id":2,"subscribe":{"channel":"a","offset":-1}}'] },
  { name: "a binary frame", frames: [Buffer.from([1, 2, 3])] },
])("a client that sends $name is sent away, not to come back", async ({ frames }) => {
  await using it = await start();
  expect((await raw(it.url, frames)).code).toBe(3501);
  await until(() => it.live.connections === 0);
});

test("a frame over the bound, a client that says nothing, and one that answers no ping", async () => {
  await using it = await start({ pingMs: 20, pongMs: 30, staleMs: 50 });
  expect((await raw(it.url, ["x".repeat(70_000)])).code).toBe(1009);
  expect((await raw(it.url, [])).code).toBe(3502);
  const { code, texts } = await raw(it.url, [connect]);
  expect([code, texts[0], texts[1]]).toEqual([3012, expect.stringContaining('"version":"1.2.3","ping":1,"pong":true'), "{}"]);
});

test("several commands come in one frame, and numbers are not rounded", async () => {
  await using it = await start();
  const socket = new WebSocket(it.url);
  const texts: string[] = [];
  socket.on("message", (data: Buffer) => texts.push(...data.toString("utf8").split("\n")));
  await once(socket, "open");
  const channel = "1/grafana/broadcast/numbers";
  socket.send(
    [
      connect,
      `{"id":2,"subscribe":{"channel":"${channel}"}}`,
      `{"id":3,"publish":{"channel":"${channel}","data":{"n":12345678901234567890}}}\n`,
      "{}",
      '{"id":4,"dance":{}}',
    ].join("\n"),
  );
  await until(() => texts.length >= 5);
  expect(texts.find((text) => text.includes('"push"'))).toBe(
    `{"push":{"channel":"${channel}","pub":{"data":{"n":12345678901234567890},"offset":1}}}`,
  );
  expect(texts).toContain('{"id":3,"publish":{}}');
  expect(texts).toContain('{"id":4,"error":{"code":104,"message":"method not found"}}');
  socket.terminate();
});

test("pages of other sites, and more connections than may be, are refused", async () => {
  await using it = await start({ maxConnections: 2 });
  const attempt = async (origin?: string): Promise<{ status: number; retryAfter?: string; socket: WebSocket }> => {
    const socket = new WebSocket(it.url, origin === undefined ? {} : { origin });
    socket.on("error", () => undefined);
    return new Promise((resolve) => {
      socket.once("open", () => resolve({ status: 101, socket }));
      socket.once("unexpected-response", (_, answer) => {
        answer.resume();
        const retryAfter = answer.headers["retry-after"];
        resolve({ status: answer.statusCode ?? 0, ...(retryAfter === undefined ? {} : { retryAfter }), socket });
      });
    });
  };
  for (const origin of ["http://evil.example", "null", "https://example.com.evil"]) expect((await attempt(origin)).status).toBe(403);
  const first = await attempt("https://a.example.com");
  const second = await attempt("http://grafana.test");
  expect([first.status, second.status]).toEqual([101, 101]);
  expect(await attempt()).toMatchObject({ status: 429, retryAfter: "10" });
  first.socket.terminate();
  await once(first.socket, "close");
  await pause(20);
  const third = await attempt(it.url.replace("ws:", "http:").replace("/api/live/ws", ""));
  expect(third.status).toBe(101);
  for (const { socket } of [second, third]) socket.terminate();
  expect((await call(it.handler, "GET", "/api/live/ws")).status).toBe(426);
});

test("a client that subscribes to more than 128 channels is refused the rest", async () => {
  await using it = await start();
  const socket = new WebSocket(it.url);
  const texts: string[] = [];
  socket.on("message", (data: Buffer) => texts.push(...data.toString("utf8").split("\n")));
  await once(socket, "open");
  const subscribes = Array.from({ length: 130 }, (_, index) => `{"id":${index + 2},"subscribe":{"channel":"1/grafana/broadcast/c${index}"}}`);
  socket.send([connect, ...subscribes, '{"id":900,"subscribe":{"channel":"1/grafana/broadcast/c0"}}'].join("\n"));
  await until(() => texts.length >= 132);
  expect(texts.filter((text) => text.includes('"code":106'))).toHaveLength(2);
  expect(texts).toContain('{"id":900,"error":{"code":105,"message":"already subscribed"}}');
  socket.terminate();
  await until(() => it.live.list().every(({ state }) => state.subscribers === 0));
});

test("a flood of commands is worked off in order, or sent away, and never piles up", async () => {
  await using it = await start();
  const channel = "1/grafana/broadcast/flood";
  const reader = it.client().newSubscription(channel);
  const seen = published(reader);
  reader.subscribe();
  await reader.ready();
  const socket = new WebSocket(it.url);
  await once(socket, "open");
  socket.send(connect);
  for (let value = 0; value < 5000; value++) socket.send(`{"id":${value + 2},"publish":{"channel":"${channel}","data":${value}}}`);
  await until(() => seen.length === 5000);
  expect(seen.map(({ data }) => data as unknown)).toEqual(Array.from({ length: 5000 }, (_, value) => value));
  socket.terminate();
  const flood = Array.from({ length: 2000 }, (_, value) => `{"id":${value + 2},"rpc":{}}`).join("\n");
  expect((await raw(it.url, [connect, flood])).code).toBe(3013);
});

test("a client that reads slowly is disconnected, and the others get all", async () => {
  await using it = await start({ queueMaxBytes: 1 << 18 });
  const quick = it.client().newSubscription("1/ds/main/big");
  const seen = published(quick);
  quick.subscribe();
  await quick.ready();
  const slow = new WebSocket(it.url);
  await once(slow, "open");
  slow.send(`${connect}\n{"id":2,"subscribe":{"channel":"1/ds/main/big"}}`);
  await once(slow, "message");
  slow.pause();
  await until(() => it.channels.list()[0]?.subscribers === 2);
  // What the kernel takes of it is a few megabytes.
  await until(() => it.channels.list()[0]?.subscribers === 1);
  await until(() => it.live.connections === 1);
  expect(seen.map(({ offset }) => offset)).toEqual(seen.map((_, index) => index + 1));
  slow.terminate();
});

test("lines that are pushed become frames of their measurements, over HTTP and over a WebSocket", async () => {
  await using it = await start();
  const subscription = it.client().newSubscription("1/stream/sensors/temp");
  const seen = published(subscription);
  subscription.subscribe();
  await subscription.ready();
  const push = "/api/live/push/sensors";
  const first = "temp,room=b,floor=1 c=21.5,n=3i 1700000000000000001\ntemp,room=a c=20 1700000000000000002\nother x=1";
  expect((await call(it.handler, "POST", push, { body: first })).json).toEqual({});
  const socket = new WebSocket(it.url.replace("/ws", "/push/sensors"));
  await once(socket, "open");
  const answered = once(socket, "message");
  socket.send("temp c=oops");
  socket.send("temp,room=c c=22,n=4i 1700000000000000003");
  expect(JSON.parse(String((await answered)[0]))).toMatchObject({ error: { code: 400, message: expect.stringMatching(/^line 1/) as string } });
  await until(() => seen.length === 2);
  expect(seen[0]?.data).toMatchObject({
    schema: { name: "temp", fields: [{ name: "labels" }, { name: "time", type: "time" }, { name: "c", type: "number" }, { name: "n" }] },
    data: {
      values: [
        ["floor=1, room=b", "room=a"],
        [1_700_000_000_000, 1_700_000_000_000],
        [21.5, 20],
        [3, null],
      ],
    },
  });
  expect(seen[1]?.data).toEqual({ data: { values: [["room=c"], [1_700_000_000_000], [22], [4]], nanos: [null, [3], null, null] } });
  socket.terminate();
  for (const [body, status] of [
    ["temp c=1\ntemp c=true", 400],
    ["a\\ b c=1", 400],
  ] as const) {
    expect((await call(it.handler, "POST", push, { body })).status).toBe(status);
  }
  expect((await call(it.handler, "POST", push, { body: "a b=1", headers: { origin: "http://evil.example", host: "here" } })).status).toBe(403);
  expect((await call(it.handler, "PUT", push, { body: "a b=1" })).status).toBe(405);
  expect((await call(it.handler, "POST", "/api/live/publish", { body: { channel: "stream/sensors/temp", data: 1 } })).status).toBe(403);
});

test.each([
  ["{oops", 400],
  ["[]", 400],
  ['{"channel":"grafana/broadcast/a"}', 400],
  ['{"channel":"x/y/z","data":1}', 400],
  ['{"channel":"ds/none/z","data":1}', 404],
  ['{"channel":"ds/hidden/z","data":1}', 403],
  ['{"channel":"ds/main/denied","data":1}', 403],
  ['{"channel":"ds/main/open","data":1}', 200],
])("publishing %s over HTTP is %i", async (body, status) => {
  await using it = await start();
  expect((await call(it.handler, "POST", "/api/live/publish", { body })).status).toBe(status);
});

test("many clients of one channel get each message at once, beside one that stands still", async () => {
  await using it = await start({ maxConnections: -1 });
  const channel = "1/grafana/broadcast/many";
  const delays: number[] = [];
  const sockets = await Promise.all(
    Array.from({ length: 400 }, async () => {
      const socket = new WebSocket(it.url);
      await once(socket, "open");
      socket.send(`${connect}\n{"id":2,"subscribe":{"channel":"${channel}"}}`);
      socket.on("message", (data: Buffer) => {
        const sent = /"pub":\{"data":([\d.]+)/.exec(data.toString("utf8"))?.[1];
        if (sent !== undefined) delays.push(performance.now() - Number(sent));
      });
      return socket;
    }),
  );
  await until(() => it.live.list()[0]?.state.subscribers === 400);
  sockets[0]?.pause();
  for (let count = 0; count < 10; count++) {
    await call(it.handler, "POST", "/api/live/publish", { body: `{"channel":"grafana/broadcast/many","data":${performance.now()}}` });
    await pause(20);
  }
  await until(() => delays.length === 3990);
  expect(delays.toSorted((a, b) => a - b)[Math.floor(delays.length * 0.99)]).toBeLessThan(250);
  for (const socket of sockets) socket.terminate();
  await until(() => it.live.connections === 0 && it.live.list()[0]?.state.subscribers === 0);
});
