import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import WebSocket from "ws";
import { call } from "../../testing/call.js";
import { listen } from "../../testing/listen.js";
import { connect, published, raw, startLive, until } from "../../testing/start-live.js";

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
  await using it = await startLive();
  expect((await raw(it.url, frames)).code).toBe(3501);
  await until(() => it.live.connections === 0);
});

test("a frame over the bound, a client that says nothing, and one that answers no ping", async () => {
  await using it = await startLive({ pingMs: 20, pongMs: 30, staleMs: 50 });
  expect((await raw(it.url, ["x".repeat(70_000)])).code).toBe(1009);
  expect((await raw(it.url, [])).code).toBe(3502);
  const { code, texts } = await raw(it.url, [connect]);
  expect([code, texts[0], texts[1]]).toEqual([3012, expect.stringContaining('"version":"1.2.3","ping":1,"pong":true'), "{}"]);
});

test("several commands come in one frame, and numbers are not rounded", async () => {
  await using it = await startLive();
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
  await using it = await startLive({ maxConnections: 2 });
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
  await using it = await startLive();
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
  await using it = await startLive();
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
  await using it = await startLive({ queueMaxBytes: 1 << 18 });
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

test("many clients of one channel get each message at once, beside one that stands still", async () => {
  await using it = await startLive({ maxConnections: -1 });
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
  // Nobody waited for the one who stands still. How fast it is, bench/stream says.
  expect(Math.max(...delays)).toBeLessThan(10_000);
  for (const socket of sockets) socket.terminate();
  await until(() => it.live.connections === 0 && it.live.list()[0]?.state.subscribers === 0);
});

test("a frame of many commands is worked off in turns, so that other clients are answered meanwhile", async () => {
  await using it = await startLive();
  const [busy, other] = [new WebSocket(it.url), new WebSocket(it.url)];
  const answers: string[] = [];
  busy.on("message", (data: Buffer) =>
    answers.push(
      ...data
        .toString("utf8")
        .split("\n")
        .map((text) => `busy ${text}`),
    ),
  );
  other.on("message", (data: Buffer) => answers.push(`other ${data.toString("utf8")}`));
  await Promise.all([once(busy, "open"), once(other, "open")]);
  const publish = (_: unknown, index: number): string => `{"id":${index + 2},"publish":{"channel":"1/grafana/broadcast/a","data":1}}`;
  busy.send([connect, ...Array.from({ length: 800 }, publish)].join("\n"));
  other.send('{"id":1,"connect":{}}');
  await until(() => answers.includes('busy {"id":801,"publish":{}}') && answers.some((text) => text.startsWith("other")));
  const own = answers.filter((text) => text.startsWith("busy")).map((text) => Number(/"id":(\d+)/.exec(text)?.[1]));
  expect(own).toEqual(Array.from({ length: 801 }, (_, index) => index + 1));
  expect(answers.findIndex((text) => text.startsWith("other"))).toBeLessThan(answers.length - 1);
  for (const socket of [busy, other]) socket.terminate();
});

test("a client whose token expires is disconnected, to come back with a new one", async () => {
  await using it = await startLive();
  await using server = await listen((request) => {
    request.context.userExpires = Date.now() + 300;
    return it.handler(request);
  });
  const url = `ws://127.0.0.1:${server.port}/api/live/ws`;
  const { code, texts } = await raw(url, [connect, '{"id":2,"subscribe":{"channel":"1/ds/main/tick"}}']);
  expect([code, texts.some((text) => text.startsWith('{"id":2,"subscribe"'))]).toEqual([3005, true]);
});
