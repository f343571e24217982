import { once } from "node:events";
import { expect, test } from "vitest";
import WebSocket from "ws";
import { call } from "../../testing/call.js";
import { connect, published, startLive, until } from "../../testing/start-live.js";

test("a client of Centrifuge subscribes with data, and gets the plugin's stream in order", async () => {
  await using it = await startLive();
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
  await using it = await startLive();
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
  await using it = await startLive();
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
  await using it = await startLive();
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
  await using it = await startLive();
  const subscription = it.client().newSubscription(channel);
  const ended = new Promise((resolve) => subscription.once("unsubscribed", resolve));
  subscription.subscribe();
  expect(await ended).toMatchObject({ code });
});

test("what one publishes the others get, from a client and over HTTP; presence counts them", async () => {
  await using it = await startLive();
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
  await using it = await startLive();
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
