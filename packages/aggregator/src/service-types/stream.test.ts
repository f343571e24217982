import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { silentLogger, systemClock } from "@dataplane/meta";
import { type StreamRequest, StreamStatus, type SubscribeStreamResponse } from "@dataplane/plugin-protocol";
import { expect, test } from "vitest";
import WebSocket from "ws";
import { createStreamChannels } from "../live/stream-channels.js";
import { aPluginSource } from "../testing/a-plugin.js";
import { aRequest } from "../testing/call.js";
import { knownDataSources } from "../testing/known-data-sources.js";
import { listen } from "../testing/listen.js";
import { aDataPlaneService, aPlugin, startAggregator } from "../testing/start-aggregator.js";

const base = "/apis/p.grafana.app/v0alpha1/namespaces/default";
const bytes = (value: string): Uint8Array => new TextEncoder().encode(value);
const frame = (value: number): string => `{"schema":{"fields":[]},"data":{"values":[[${value}]]}}`;

/** Sends three frames, and ends unless the path is `open`. */
async function* runStream({ path }: StreamRequest, { signal }: { readonly signal: AbortSignal }) {
  for (const value of [1, 2, 3]) yield { data: bytes(frame(value)) };
  if (path.startsWith("open")) await once(signal, "abort");
}

function subscribeStream({ path, data }: StreamRequest): Promise<SubscribeStreamResponse> {
  const status = path === "denied" ? StreamStatus.PERMISSION_DENIED : path === "none" ? StreamStatus.NOT_FOUND : StreamStatus.OK;
  return Promise.resolve({ status, data: path === "first" ? bytes(`{"first":${new TextDecoder().decode(data) || "0"}}`) : new Uint8Array() });
}

function start(type: "datasource" | "app" = "datasource") {
  const stopping = new AbortController();
  const plugin = aPlugin({
    id: "p",
    type,
    calls: { subscribeStream, runStream, publishStream: ({ data }) => Promise.resolve({ status: StreamStatus.OK, data }) },
  });
  const contexts = knownDataSources([{ pluginId: "p", uid: "main" }]);
  const channels = createStreamChannels({
    ...{ contexts, clock: systemClock, logger: silentLogger, stopping: stopping.signal, limits: { callTimeoutMs: 5000 } },
    plugins: aPluginSource([plugin]),
  });
  const it = startAggregator({ plugins: [plugin], services: [aDataPlaneService({ plugin: "p", pluginType: type, serves: ["stream"] })], channels });
  return { ...it, stopping, channels };
}

const events = { accept: "text/event-stream" };
const stream = (path: string): string => `${base}/datasources/main/stream/${path}`;

test("as Server-Sent Events: the initial data first, ids, schema and rows apart, and the end", async () => {
  const { send } = start();
  const { status, headers, text } = await send("GET", `${stream("first")}?data=${encodeURIComponent('{"n":7}')}`, { headers: events });
  expect([status, headers["content-type"], headers["cache-control"]]).toEqual([200, "text/event-stream", "no-cache, no-transform"]);
  const epoch = /id: ([\da-f]+)-0/.exec(text)?.[1] ?? "";
  expect(text.replaceAll(epoch, "E")).toBe(
    [
      ...['id: E-0\nevent: frame\ndata: {"first":{"n":7}}', `id: E-1\nevent: schema\ndata: ${frame(1)}`],
      ...['id: E-2\nevent: frame\ndata: {"data":{"values":[[2]]}}', 'id: E-3\nevent: frame\ndata: {"data":{"values":[[3]]}}'],
      ...['event: end\ndata: {"reason":"over"}', ""],
    ].join("\n\n"),
  );
});

test.each([[{}], [{ accept: "*/*" }], [{ accept: "text/jsonl" }], [{ accept: "application/x-ndjson" }]])(
  "as JSON lines for %o",
  async (headers: Readonly<Record<string, string>>) => {
    const { status, headers: answered, text } = await start().send("GET", stream("first"), { headers });
    expect([status, answered["content-type"]]).toEqual([200, "text/jsonl"]);
    expect(text).toBe(`{"first":0}\n${frame(1)}\n{"data":{"values":[[2]]}}\n{"data":{"values":[[3]]}}\n`);
  },
);

test("streams of an app stand below its namespace", async () => {
  const { send } = start("app");
  expect((await send("GET", `${base}/stream/first`)).text.split("\n")).toHaveLength(5);
  expect(await send("POST", `${base}/stream/first`, { body: { a: 1 } })).toMatchObject({ status: 200, json: { data: { a: 1 } } });
  expect((await send("GET", stream("first"))).status).toBe(404);
});

test.each([
  { path: `${stream("first")}?data={oops`, status: 400, message: /data is no JSON/ },
  { path: stream("a%20b"), status: 400, message: /only letters/ },
  { path: stream("a".repeat(161)), status: 400, message: /at most 160/ },
  { path: stream("denied"), status: 403, message: /does not permit/ },
  { path: stream("none"), status: 404, message: /not found/ },
  { path: `${base}/datasources/other/stream/first`, status: 404, message: /not found/ },
  { path: stream("first"), accept: "image/png", status: 406, message: /text\/event-stream/ },
])("GET $path is $status", async ({ path, status, message, accept = "*/*" }) => {
  const { send, channels } = start();
  const answer = await send("GET", path, { headers: { accept } });
  expect(answer.json).toMatchObject({ kind: "Status", code: status, message: expect.stringMatching(message) as string });
  expect(channels.list()).toEqual([]);
});

test("what is published must be JSON, sent as JSON", async () => {
  const { send } = start();
  expect((await send("POST", stream("first"), { body: "{oops" })).status).toBe(400);
  expect((await send("POST", stream("first"), { body: "{}", headers: { "content-type": "text/plain" } })).status).toBe(415);
  expect((await send("PUT", stream("first"), { body: "{}" })).status).toBe(405);
  expect(await send("POST", stream("first"), { body: "[1]", headers: { "content-type": "application/json" } })).toMatchObject({
    json: { data: [1] },
  });
});

test("HEAD asks nobody and begins nothing", async () => {
  const { send, channels } = start();
  expect(await send("HEAD", stream("open"), { headers: events })).toMatchObject({
    status: 200,
    headers: { "content-type": "text/event-stream" },
    text: "",
  });
  expect(channels.list()).toEqual([]);
});

test("Last-Event-ID resumes within the history, and a stream that cannot says so and goes on", async () => {
  const { aggregator } = start();
  const read = async (headers: Readonly<Record<string, string>>, count: number): Promise<string> => {
    const gone = new AbortController();
    const { body } = await aggregator.handler(aRequest("GET", stream("open"), { headers: { ...events, ...headers }, signal: gone.signal }));
    let text = "";
    if (typeof body === "object" && Symbol.asyncIterator in body)
      for await (const piece of body) {
        text += new TextDecoder().decode(piece);
        if (text.split("\n\n").length > count) break;
      }
    gone.abort();
    return text;
  };
  const whole = await read({}, 4);
  const epoch = /id: ([\da-f]+)-3/.exec(whole)?.[1] ?? expect.fail(whole);
  const resumed = await read({ "last-event-id": `${epoch}-1` }, 3);
  expect(resumed.replaceAll(epoch, "E")).toBe(
    'id: E-1\n\nid: E-2\nevent: frame\ndata: {"data":{"values":[[2]]}}\n\nid: E-3\nevent: frame\ndata: {"data":{"values":[[3]]}}\n\n',
  );
  for (const id of ["abc-1", "nonsense", `${epoch}-99`]) {
    const [first = "", second = ""] = (await read({ "last-event-id": id }, 2)).split("\n\n");
    expect(first).toMatch(/^event: error\ndata: .*"reason":"Expired".*"code":410/);
    expect(second).toBe(`id: ${epoch}-3`);
  }
});

test("over WebSocket each message is one text, and the close says why", async () => {
  const it = start();
  await using server = await listen(it.aggregator.handler);
  const open = (path: string, headers: Readonly<Record<string, string>> = {}): { socket: WebSocket; texts: string[]; closed: Promise<unknown[]> } => {
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}${stream(path)}`, { headers });
    const texts: string[] = [];
    socket.on("message", (data) => texts.push((data as Buffer).toString("utf8")));
    return { socket, texts, closed: once(socket, "close") };
  };
  const over = open("first", { origin: `http://127.0.0.1:${server.port}` });
  expect((await over.closed)[0]).toBe(1000);
  expect(over.texts).toEqual(['{"first":0}', frame(1), '{"data":{"values":[[2]]}}', '{"data":{"values":[[3]]}}']);

  const leaving = open("open");
  while (leaving.texts.length < 3) await pause(2);
  leaving.socket.terminate();
  while (it.channels.list().some(({ subscribers }) => subscribers > 0)) await pause(2);

  const stopped = open("open?lastEventId=abc-1");
  while (stopped.texts.length < 1) await pause(2);
  expect(stopped.texts[0]).toContain('"code":410');
  it.stopping.abort();
  expect((await stopped.closed)[0]).toBe(1001);
});

test("a page of another site opens no WebSocket, and a refusal is an answer", async () => {
  const it = start();
  await using server = await listen(it.aggregator.handler);
  const refusal = async (path: string, origin?: string): Promise<number | undefined> => {
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}${stream(path)}`, origin === undefined ? {} : { origin });
    socket.on("error", () => undefined);
    const [, answer] = (await once(socket, "unexpected-response")) as [unknown, { readonly statusCode?: number; resume(): void }];
    answer.resume();
    return answer.statusCode;
  };
  expect(await refusal("open", "http://evil.example")).toBe(403);
  expect(await refusal("open", "null")).toBe(403);
  expect(await refusal("denied")).toBe(403);
  expect(await refusal("none")).toBe(404);
  expect(it.channels.list()).toEqual([]);
});

test("a stream whose reader's token expires says so and ends", async () => {
  const { aggregator, channels } = start();
  const request = aRequest("GET", stream("open"), { headers: events });
  request.context.userExpires = Date.now() + 300;
  const { body } = await aggregator.handler(request);
  let text = "";
  if (typeof body === "object" && Symbol.asyncIterator in body) for await (const piece of body) text += new TextDecoder().decode(piece);
  expect(text).toMatch(/\n\nevent: error\ndata: .*"reason":"Unauthorized","code":401.*\n\n$/);
  expect(channels.list().every(({ subscribers }) => subscribers === 0)).toBe(true);
});
