import { once } from "node:events";
import { connect } from "node:http2";
import { afterAll, beforeAll, expect, test } from "vitest";
import { admin, call } from "./testing/call.js";
import { createDataSource, dataSourcesUrl, query } from "./testing/data-plane.js";
import { goTestPlugin, installGoTestPlugin, needsGoTestPlugin, unsignedPluginsAllowed } from "./testing/install-plugin.js";
import { describeWith } from "./testing/needs.js";
import { type OpenStream, openSocket, openStream } from "./testing/open-stream.js";
import { pluginRecords } from "./testing/plugin-records.js";
import { type StartedServer, startServer, temporaryFolder } from "./testing/start-server.js";
import { until } from "./testing/until.js";

const events = { accept: "text/event-stream" };
const target = { pluginId: goTestPlugin, uid: "main" };

async function start(): Promise<StartedServer> {
  const dataPath = temporaryFolder("streams");
  installGoTestPlugin(dataPath);
  const server = await startServer({ dataPath, env: unsignedPluginsAllowed });
  await createDataSource(server, target);
  const first = await query(server, target, [{ refId: "A", queryType: "small" }]);
  expect(first.status).toBe(200);
  return server;
}

const stream = (server: StartedServer, path: string): string => `${dataSourcesUrl(server, goTestPlugin)}/main/stream/${path}`;

describeWith([needsGoTestPlugin], "streams of a plugin of the official Go SDK", () => {
  let server: StartedServer;
  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server.stop());

  test("Server-Sent Events: the initial frame, then the schema once, then rows, then the end", async () => {
    const { text, ended } = await openStream(stream(server, "count/3"), events);
    expect(await ended).toBe("ended");
    const kinds = text()
      .split("\n\n")
      .map((event) => /event: (\w+)/.exec(event)?.[1])
      .filter((kind) => kind !== undefined);
    expect(kinds).toEqual(["schema", "schema", "frame", "frame", "end"]);
    expect(text()).toMatch(/id: [\da-f]{12}-3\nevent: frame\ndata: \{"data":\{"values":\[\[\d+\],\[2\]\]\}\}/);
  });

  test("JSON lines, for who asks for nothing else", async () => {
    const { text, ended } = await openStream(stream(server, "count/2"));
    await ended;
    const lines = text().trimEnd().split("\n");
    expect(lines.map((line) => Object.keys(JSON.parse(line) as object))).toEqual([["schema", "data"], ["schema", "data"], ["data"]]);
  });

  test("WebSocket", async () => {
    const { texts, closed } = openSocket(stream(server, "count/2"));
    expect(await closed).toBe(1000);
    expect(texts).toHaveLength(3);
  });

  test("publishing answers what the plugin made of it, and reaches the subscribers", async () => {
    const reader = await openStream(stream(server, "tick/600000"));
    expect((await call(stream(server, "tick/600000"), { body: { a: [1] } })).json()).toEqual({ data: { path: "tick/600000", data: { a: [1] } } });
    await reader.has(/\n\{"data":\{"a":\[1\]\},"path":"tick\/600000"\}\n$/);
    expect((await call(stream(server, "denied"), { body: {} })).status).toBe(403);
    reader.leave();
  });

  test("refusals are Status objects, before any stream begins", async () => {
    for (const [path, code] of [
      ["denied", 403],
      ["none", 404],
      ["a%20b", 400],
      ["tick/5?data=%7B", 400],
    ] as const) {
      expect((await call(stream(server, path))).json()).toMatchObject({ kind: "Status", code });
    }
  });

  test("who comes back within the history misses nothing", async () => {
    const first = await openStream(stream(server, "tick/20"), events);
    await first.has(/id: [\da-f]+-5\n/);
    const epoch = /id: ([\da-f]+)-5\n/.exec(first.text())?.[1] ?? "";
    first.leave();
    const again = await openStream(stream(server, "tick/20"), { ...events, "last-event-id": `${epoch}-3` });
    await again.has(/-8\nevent/);
    expect([...again.text().matchAll(/-(\d+)\nevent/g)].map(([, offset]) => Number(offset)).slice(0, 5)).toEqual([3, 4, 5, 6, 7]);
    again.leave();
  });

  test("a stream goes on when its plugin is killed, and is begun anew when its settings change", async () => {
    const reader = await openStream(stream(server, "tick/25"), events);
    const beginnings = (): number => [...reader.text().matchAll(/event: \w+\ndata: .*"values":\[\[\d+\],\[0\]\]/g)].length;
    await until("the first value", () => (beginnings() === 1 ? true : undefined));
    const record = pluginRecords(server.dataPath, 1)?.find(({ pluginId }) => pluginId === goTestPlugin);
    process.kill(record?.pid ?? expect.fail("it runs"), "SIGKILL");
    await until("the stream of a new process", () => (beginnings() === 2 ? true : undefined));
    const changed = await call(`${dataSourcesUrl(server, goTestPlugin)}/main`, {
      method: "PATCH",
      body: { spec: { jsonData: { other: true } } },
      headers: { "content-type": "application/merge-patch+json" },
    });
    expect(changed.status).toBe(200);
    await until("the stream with new settings", () => (beginnings() === 3 ? true : undefined));
    // The schema is the same: it was sent with the initial frame and with the first row alone.
    expect(reader.text().match(/event: schema/g)).toHaveLength(2);
    expect((await call(`${dataSourcesUrl(server, goTestPlugin)}/main`, { method: "DELETE" })).status).toBe(200);
    expect(await reader.ended).toBe("ended");
    expect(reader.text()).toMatch(/event: error\ndata: .*"reason":"NotFound".*\n\n$/);
    await createDataSource(server, target);
  });

  test("a reader that stands still is cut, and the others get every message", async () => {
    const slow = await openStream(stream(server, "count/300000"), events);
    slow.pause();
    const quick = await openStream(stream(server, "count/300000"), events);
    // After it was cut off it has 5 s for what is on its way to it.
    await until("it is cut off", async () => ((await call(`${server.url}/api/live/list`)).text.includes('"subscribers":2') ? undefined : true));
    slow.resume();
    expect(await quick.ended).toBe("ended");
    const offsets = [...quick.text().matchAll(/^id: [\da-f]+-(\d+)$/gm)].map(([, offset]) => Number(offset));
    expect(offsets.at(-1)).toBe(300_000);
    expect(offsets.every((offset, index) => index === 0 || offset === (offsets[index - 1] ?? 0) + 1)).toBe(true);
    // A machine that is too busy to bring it the last words within that time cuts it without them.
    if ((await slow.ended) === "ended")
      expect(slow.text()).toMatch(/event: error\ndata: .*"reason":"TooManyRequests","details":\{"retryAfterSeconds":1\},"code":429\}\n\n$/);
    expect(slow.text().length).toBeLessThan(quick.text().length / 2);
  });
});

describeWith([needsGoTestPlugin], "a server with streams that is stopped", () => {
  test("ends each of them cleanly, and does not wait", async () => {
    const server = await start();
    const lines = await openStream(stream(server, "tick/50"));
    const sse = await openStream(stream(server, "tick/50"), events);
    const socket = openSocket(stream(server, "tick/50"));
    const http2 = await overHttp2(server, "tick/50");
    await Promise.all([lines.has(/\n.*\n/), sse.has(/event: frame/), until("a message", () => socket.texts[1])]);
    await until("a message over HTTP/2", () => (http2.text().includes("event: frame") ? true : undefined));
    const began = performance.now();
    const { code } = await server.stop();
    expect(code).toBe(0);
    expect(performance.now() - began).toBeLessThan(20_000);
    expect([await lines.ended, await sse.ended, await socket.closed, await http2.ended]).toEqual(["ended", "ended", 1001, "ended"]);
    for (const { text } of [sse, http2]) expect(text()).toMatch(/event: end\ndata: \{"reason":"stopping"\}\n\n$/);
    expect(lines.text()).toMatch(/\n$/);
  });
});

/** The same over TLS and HTTP/2. */
async function overHttp2(server: StartedServer, path: string): Promise<Pick<OpenStream, "text" | "ended">> {
  const { pathname } = new URL(stream(server, path));
  // The certificate's own tests are elsewhere.
  const session = connect(server.httpsUrl, { rejectUnauthorized: false });
  const asked = session.request({ ":path": pathname, authorization: admin, ...events });
  const [headers] = (await once(asked, "response")) as [Readonly<Record<string, unknown>>];
  expect(headers[":status"]).toBe(200);
  let text = "";
  asked.setEncoding("utf8").on("data", (piece: string) => {
    text += piece;
  });
  const ended = new Promise<"ended" | "cut">((tell) => {
    asked.once("end", () => tell("ended")).once("error", () => tell("cut"));
  });
  return { text: () => text, ended };
}
