import { once } from "node:events";
import { expect, test } from "vitest";
import WebSocket from "ws";
import { call } from "../testing/call.js";
import { published, startLive, until } from "../testing/start-live.js";

test("lines that are pushed become frames of their measurements, over HTTP and over a WebSocket", async () => {
  await using it = await startLive();
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
  await using it = await startLive();
  expect((await call(it.handler, "POST", "/api/live/publish", { body })).status).toBe(status);
});
