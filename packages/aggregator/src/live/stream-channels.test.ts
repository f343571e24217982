import { ManualClock, settled } from "@dataplane/controller/testing";
import { ApiError, notFound, silentLogger, systemGroups } from "@dataplane/meta";
import type { PluginClient } from "@dataplane/plugin-host";
import { type CallOptions, GrpcCode, GrpcError, type RunStreamRequest, StreamStatus } from "@dataplane/plugin-protocol";
import { expect, test } from "vitest";
import type { PluginContexts } from "../plugin-contexts.js";
import { aPlugin, aPluginSource } from "../testing/a-plugin.js";
import { knownDataSources } from "../testing/known-data-sources.js";
import type { StreamMessage, SubscribeRequest, Subscription } from "./channels.js";
import { createStreamChannels, type StreamLimits } from "./stream-channels.js";

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const bytes = (value: string): Uint8Array => new TextEncoder().encode(value);
const ok = { status: StreamStatus.OK, data: new Uint8Array() };
const key = { pluginId: "p", namespace: "default", uid: "main", path: "a" };

/** One RunStream at work, steered by the test. */
interface Run {
  readonly request: RunStreamRequest;
  readonly signal: AbortSignal;
  send(packet: string): Promise<void>;
  end(error?: Error): Promise<void>;
}

function start(options: { calls?: Partial<PluginClient>; streams?: Partial<StreamLimits> } = {}) {
  const runs: Run[] = [];
  const clock = new ManualClock();
  const stopping = new AbortController();
  const plugin = aPlugin({
    id: "p",
    calls: {
      subscribeStream: () => Promise.resolve(ok),
      runStream: (request, { signal }) => steered(request, signal, runs),
      ...options.calls,
    },
  });
  const settings = { updated: 1, gone: false };
  const listeners = new Set<(changed: { namespace: string; name: string }) => void>();
  const known = knownDataSources([{ pluginId: "p", uid: "main" }]);
  const contexts: PluginContexts = {
    ...known,
    async forDataSource(which, user, signal) {
      if (settings.gone) throw notFound("datasources", "main");
      const context = await known.forDataSource(which, user, signal);
      const { dataSourceInstanceSettings: instance } = context.pluginContext;
      if (instance === undefined) return context;
      return {
        ...context,
        pluginContext: { ...context.pluginContext, dataSourceInstanceSettings: { ...instance, lastUpdatedMS: settings.updated } },
      };
    },
    onChange: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
  const channels = createStreamChannels({
    ...{ contexts, clock, logger: silentLogger, stopping: stopping.signal, limits: { callTimeoutMs: 5000 } },
    plugins: aPluginSource([plugin]),
    ...(options.streams === undefined ? {} : { streams: options.streams }),
  });
  const tell = async (): Promise<void> => {
    for (const listener of listeners) listener({ namespace: "default", name: "main" });
    await rested();
  };
  return { channels, clock, runs, settings, stopping, tell };
}

/** Promises of several steps have gone as far as they go. */
async function rested(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await settled();
}

function steered(request: RunStreamRequest, signal: AbortSignal, runs: Run[]): AsyncIterable<{ data: Uint8Array }> {
  const waiting: (string | { error: Error | undefined })[] = [];
  let wake = (): void => undefined;
  const put = async (what: string | { error: Error | undefined }): Promise<void> => {
    waiting.push(what);
    wake();
    await rested();
  };
  runs.push({ request, signal, send: put, end: (error) => put({ error }) });
  signal.addEventListener("abort", () => void put({ error: new GrpcError(GrpcCode.Canceled, "cancelled") }));
  return (async function* () {
    for (;;) {
      const next = waiting.shift();
      if (next === undefined)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      else if (typeof next === "string") yield { data: bytes(next) };
      else if (next.error === undefined) return;
      else throw next.error;
    }
  })();
}

const request = (more: Partial<SubscribeRequest> = {}): SubscribeRequest => ({
  key,
  user: { name: "ann", groups: [systemGroups.authenticated] },
  headers: {},
  data: new Uint8Array(),
  signal: new AbortController().signal,
  ...more,
});

/** Reads until the end into a list. */
function collect({ messages }: Subscription): { readonly got: string[]; readonly done: Promise<unknown> } {
  const got: string[] = [];
  const done = (async () => {
    for await (const { offset, data } of messages) got.push(`${offset} ${text(data)}`);
  })().then(
    () => "ended",
    (thrown: unknown) => thrown,
  );
  return { got, done };
}

const schema = '{"fields":[{"name":"v"}]}';
const frame = (value: number, of = schema): string => `{"schema":${of},"data":{"values":[[${value}]]}}`;

test("two who join at once share one RunStream and get the same bytes, encoded once", async () => {
  const { channels, runs } = start();
  const [a, b] = await Promise.all([channels.subscribe(request()), channels.subscribe(request())]);
  await rested();
  expect(runs).toHaveLength(1);
  expect(channels.list()).toMatchObject([{ key, subscribers: 2, position: { offset: 0 } }]);
  const first = async ({ messages }: Subscription): Promise<StreamMessage> => {
    for await (const message of messages) return message;
    throw new Error("it ended");
  };
  const firsts = Promise.all([first(a), first(b)]);
  await runs[0]?.send(frame(1));
  const [one, two] = await firsts;
  expect(one).toBe(two);
  let encoded = 0;
  const encode = (): Uint8Array => bytes(String(++encoded));
  expect([one.as("x", encode), two.as("x", encode), one.as("y", encode)].map(text)).toEqual(["1", "1", "2"]);
});

test("the schema comes first and again when it changes; one who joins later gets it with the first message", async () => {
  const { channels, runs } = start();
  const early = collect(await channels.subscribe(request()));
  await rested();
  const [run] = runs;
  await run?.send(frame(1));
  await run?.send(frame(2));
  const late = collect(await channels.subscribe(request()));
  await run?.send('{"data":{"values":[[3]]}}');
  await run?.send(frame(4, '{"fields":[]}'));
  await run?.send(`{\n "schema": {"fields":[]}, "data":\r\n{"values":[[5]]}\n}`);
  await run?.send("no JSON");
  await run?.send("[1]");
  expect(early.got).toEqual([
    `1 ${frame(1)}`,
    '2 {"data":{"values":[[2]]}}',
    '3 {"data":{"values":[[3]]}}',
    `4 ${frame(4, '{"fields":[]}')}`,
    '5 {"data":{"values":[[5]]}}',
    "6 [1]",
  ]);
  expect(late.got).toEqual([`3 {"schema":${schema},"data":{"values":[[3]]}}`, ...early.got.slice(3)]);
});

test("the stream stops within 15 s after the last subscriber left, and one who comes back in time finds it running", async () => {
  const { channels, clock, runs } = start();
  const leaving = new AbortController();
  collect(await channels.subscribe(request({ signal: leaving.signal })));
  await rested();
  await clock.advance(12_000);
  leaving.abort();
  await clock.advance(9_000);
  expect(runs[0]?.signal.aborted).toBe(false);
  const second = new AbortController();
  collect(await channels.subscribe(request({ signal: second.signal })));
  await clock.advance(60_000);
  expect([runs.length, runs[0]?.signal.aborted]).toEqual([1, false]);
  second.abort();
  await clock.advance(15_000);
  await rested();
  expect([runs[0]?.signal.aborted, channels.list(), clock.sleeping]).toEqual([true, [], 0]);
  collect(await channels.subscribe(request()));
  await rested();
  expect(runs).toHaveLength(2);
});

test("a stream that breaks is begun anew after 100 ms, doubled up to 5 s, and from the start once it ran well", async () => {
  const begun: number[] = [];
  const clocks: ManualClock[] = [];
  const { channels, clock, runs } = start({
    calls: {
      runStream: (run, { signal }) => {
        begun.push(clocks[0]?.now().getTime() ?? 0);
        return steered(run, signal, runs);
      },
    },
  });
  clocks.push(clock);
  const reader = collect(await channels.subscribe(request()));
  await rested();
  // A panic in a Go plugin looks like this.
  const panic = new GrpcError(GrpcCode.Canceled, "RST_STREAM");
  for (const [index, wait] of [100, 200, 400, 800, 1600, 3200, 5000, 5000].entries()) {
    await runs[index]?.end(panic);
    await clock.advance(wait);
    await rested();
  }
  expect(begun.map((at, index) => at - (begun[index - 1] ?? at)).slice(1)).toEqual([100, 200, 400, 800, 1600, 3200, 5000, 5000]);
  await clock.advance(100);
  await runs[8]?.send(frame(1));
  await runs[8]?.end(new GrpcError(GrpcCode.Unavailable, "gone"));
  await clock.advance(100);
  await rested();
  expect(runs).toHaveLength(10);
  await runs[9]?.send(frame(2));
  expect(reader.got).toEqual([`1 ${frame(1)}`, '2 {"data":{"values":[[2]]}}']);
});

test("changed settings begin the stream anew, at once when told and within a minute when not; settings that go end it", async () => {
  const { channels, clock, runs, settings, tell } = start();
  const reader = collect(await channels.subscribe(request()));
  await rested();
  await runs[0]?.send(frame(1));
  await tell();
  expect(runs).toHaveLength(1);
  settings.updated = 2;
  await tell();
  expect(runs.map(({ signal, request: asked }) => [signal.aborted, asked.pluginContext.dataSourceInstanceSettings?.lastUpdatedMS])).toEqual([
    [true, 1],
    [false, 2],
  ]);
  settings.updated = 3;
  await clock.advance(60_000);
  await rested();
  expect(runs).toHaveLength(3);
  await runs[2]?.send(frame(2));
  settings.gone = true;
  await tell();
  expect(await reader.done).toMatchObject({ reason: "NotFound" });
  expect([reader.got.length, runs[2]?.signal.aborted, channels.list()]).toEqual([2, true, []]);
});

test("a slow reader is cut with 429 while the others get everything", async () => {
  const { channels, runs } = start({ streams: { queueMaxMessages: 10, queueMaxBytes: 4096 } });
  const slow = await channels.subscribe(request());
  const quick = collect(await channels.subscribe(request()));
  await rested();
  for (let at = 0; at < 10; at++) await runs[0]?.send(frame(at));
  // At once: no time of this clock passes.
  await runs[0]?.send(frame(10));
  await expect(slow.over).resolves.toBe("failed");
  for (let at = 11; at < 20; at++) await runs[0]?.send(frame(at));
  expect(quick.got).toHaveLength(20);
  expect(await collect(slow).done).toMatchObject({ reason: "TooManyRequests", code: 429 });
  expect(channels.list()).toMatchObject([{ subscribers: 1 }]);
});

test("a burst is no slowness: a reader that reads gets all of it, and the plugin waits", async () => {
  const packets = Array.from({ length: 5000 }, (_, at) => ({ data: bytes(frame(at)) }));
  const { channels } = start({
    streams: { queueMaxMessages: 100 },
    calls: {
      async *runStream() {
        yield* packets;
        await Promise.resolve();
      },
    },
  });
  const reader = collect(await channels.subscribe(request()));
  expect(await reader.done).toBe("ended");
  expect(reader.got).toHaveLength(5000);
});

test("one who comes back within the history misses nothing; beyond it, or in another epoch, is told so", async () => {
  const { channels, runs } = start({ streams: { historySize: 3 } });
  const first = await channels.subscribe(request());
  collect(first);
  await rested();
  for (let at = 1; at <= 5; at++) await runs[0]?.send(frame(at));
  const { epoch } = first.position;
  const resumed = await channels.subscribe(request({ resume: { epoch, offset: 2 } }));
  expect([resumed.recovered, resumed.missed.map(({ offset }) => offset), resumed.position]).toEqual([true, [3, 4, 5], { epoch, offset: 5 }]);
  const nothingMissed = await channels.subscribe(request({ resume: { epoch, offset: 5 } }));
  expect([nothingMissed.recovered, nothingMissed.missed]).toEqual([true, []]);
  for (const resume of [
    { epoch, offset: 1 },
    { epoch, offset: 6 },
    { epoch: "other", offset: 4 },
  ]) {
    const lost = await channels.subscribe(request({ resume }));
    expect([lost.recovered, lost.missed]).toEqual([false, []]);
  }
});

test.each([
  { name: "NOT_FOUND", answer: { ...ok, status: StreamStatus.NOT_FOUND }, reason: "NotFound" },
  { name: "PERMISSION_DENIED", answer: { ...ok, status: StreamStatus.PERMISSION_DENIED }, reason: "Forbidden" },
  { name: "a failed call that says PermissionDenied", answer: new GrpcError(GrpcCode.PermissionDenied, "secret"), reason: "Forbidden" },
  { name: "a failed call that says NotFound", answer: new GrpcError(GrpcCode.NotFound, "secret"), reason: "NotFound" },
  { name: "a failed call", answer: new GrpcError(GrpcCode.Unknown, "secret"), reason: "BadGateway" },
  { name: "a panic", answer: new GrpcError(GrpcCode.Canceled, "secret"), reason: "BadGateway" },
  { name: "no streams", answer: new GrpcError(GrpcCode.Unimplemented, ""), reason: "NotImplemented" },
  { name: "initial data that is no JSON", answer: { ...ok, data: bytes("{oops") }, reason: "BadGateway" },
])("$name is a refusal with reason $reason, and runs nothing", async ({ answer, reason }) => {
  const answered = () => (answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer));
  const { channels, runs } = start({ calls: { subscribeStream: answered } });
  const refused = await channels.subscribe(request()).catch((thrown: unknown) => thrown);
  expect(refused).toMatchObject({ reason });
  expect(refused).toBeInstanceOf(ApiError);
  expect(String(refused)).not.toContain("secret");
  expect([runs, channels.list()]).toEqual([[], []]);
});

test("each subscriber is asked for with its own data, and hears the plugin's first word", async () => {
  const asked: string[] = [];
  const { channels, runs } = start({
    calls: {
      subscribeStream: ({ data, path }) => {
        asked.push(`${path} ${text(data)}`);
        return Promise.resolve({ ...ok, data: bytes('{\n"schema":{}}') });
      },
    },
  });
  const one = await channels.subscribe(request({ data: bytes('{"a":1}') }));
  await channels.subscribe(request({ data: bytes('{"a":2}') }));
  await rested();
  expect(asked).toEqual(['a {"a":1}', 'a {"a":2}']);
  expect(text(one.initial ?? bytes(""))).toBe('{ "schema":{}}');
  expect(text(runs[0]?.request.data ?? bytes(""))).toBe('{"a":1}');
});

test("published data is what the plugin made of it; kept data reaches nobody; a refusal is one", async () => {
  const { channels } = start({
    calls: {
      publishStream: ({ data }) => {
        const sent = text(data);
        if (sent === '"deny"') return Promise.resolve({ ...ok, status: StreamStatus.PERMISSION_DENIED });
        return Promise.resolve({ ...ok, data: sent === '"keep"' ? new Uint8Array() : bytes(`{"changed":${sent}}`) });
      },
    },
  });
  const reader = collect(await channels.subscribe(request()));
  const publish = (data: string): Promise<unknown> => channels.publish({ key, user: request().user, headers: {}, data: bytes(data) });
  expect(await publish('"one"')).toEqual({ changed: "one" });
  expect(await publish('"keep"')).toBeUndefined();
  await expect(publish('"deny"')).rejects.toMatchObject({ reason: "Forbidden" });
  await rested();
  expect(reader.got).toEqual(['1 {"changed":"one"}']);
});

test("a stream that the plugin ends, and a server that stops, end every reader without an error", async () => {
  const { channels, runs, stopping } = start();
  const over = await channels.subscribe(request());
  const read = collect(over);
  await rested();
  await runs[0]?.send(frame(1));
  await runs[0]?.end();
  expect([await read.done, await over.over, channels.list()]).toEqual(["ended", "over", []]);
  const stopped = await channels.subscribe(request());
  const end = collect(stopped);
  await rested();
  stopping.abort();
  expect([await end.done, await stopped.over]).toEqual(["ended", "stopping"]);
  await rested();
  expect([runs[1]?.signal.aborted, channels.list()]).toEqual([true, []]);
  await expect(channels.subscribe(request())).rejects.toMatchObject({ reason: "ServiceUnavailable" });
});

test("a plugin that says yes and has no RunStream ends the stream with 501", async () => {
  const runStream = (_: RunStreamRequest, __: CallOptions): AsyncIterable<never> => ({
    [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new GrpcError(GrpcCode.Unimplemented, "unimplemented")) }),
  });
  const { channels } = start({ calls: { runStream } });
  expect(await collect(await channels.subscribe(request())).done).toMatchObject({ reason: "NotImplemented" });
});

test("the stream that all share carries nobody's rights or credentials; each subscriber is asked for with its own", async () => {
  const asked: unknown[] = [];
  const subscribeStream: PluginClient["subscribeStream"] = ({ headers, pluginContext: { user } }) => {
    asked.push([headers["Authorization"], user?.login, user?.role]);
    return Promise.resolve(ok);
  };
  const { channels, runs } = start({ calls: { subscribeStream } });
  const headers = { Authorization: "Bearer ann's", Cookie: "a=b", "X-Id-Token": "x", http_Team: "blue" };
  await channels.subscribe(request({ headers, user: { name: "ann", groups: [systemGroups.masters] } }));
  await rested();
  expect(asked).toEqual([["Bearer ann's", "ann", "Admin"]]);
  expect(runs[0]?.request.headers).toEqual({ http_Team: "blue" });
  expect(runs[0]?.request.pluginContext.user).toMatchObject({ login: "system:dataplane", role: "Viewer" });
});

test("a channel that begins again waits for the end of its last RunStream", async () => {
  const ends: (() => void)[] = [];
  let running = 0;
  let most = 0;
  const runStream: PluginClient["runStream"] = async function* () {
    running += 1;
    most = Math.max(most, running);
    // A plugin that takes its time to stop.
    await new Promise<void>((resolve) => ends.push(resolve));
    running -= 1;
    yield* [];
  };
  const { channels, clock } = start({ calls: { runStream } });
  const leaving = new AbortController();
  collect(await channels.subscribe(request({ signal: leaving.signal })));
  await rested();
  leaving.abort();
  await clock.advance(15_000);
  await rested();
  collect(await channels.subscribe(request()));
  await rested();
  expect([ends.length, most]).toEqual([1, 1]);
  ends[0]?.();
  await rested();
  expect([ends.length, most]).toEqual([2, 1]);
});

test("200 rounds of leaving, joining at once and changed settings: never two RunStreams, and never none while somebody listens", async () => {
  let [running, most, begun] = [0, 0, 0];
  const calls: Partial<PluginClient> = {
    // Not steered: it ends as late as a plugin may, a turn after it was told.
    async *runStream(_, { signal }) {
      running += 1;
      begun += 1;
      most = Math.max(most, running);
      try {
        yield { data: bytes(frame(begun)) };
        await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
        await settled();
        throw new GrpcError(GrpcCode.Canceled, "cancelled");
      } finally {
        running -= 1;
      }
    },
  };
  const { channels, clock, settings, tell } = start({ calls });
  let due = 1;
  for (let round = 0; round < 200; round++) {
    const [one, other] = [new AbortController(), new AbortController()];
    const joined = await Promise.all([one, other].map(({ signal }) => channels.subscribe(request({ signal }))));
    await rested();
    expect([round, running, joined.length, channels.list().map(({ subscribers }) => subscribers)]).toEqual([round, 1, 2, [2]]);
    if (round % 2 === 0) {
      settings.updated += 1;
      due += 1;
      await tell();
      expect([round, running]).toEqual([round, 1]);
    }
    one.abort();
    other.abort();
    // Every third time nobody comes back before the stream is given up.
    if (round % 3 === 0) {
      due += round < 199 ? 1 : 0;
      await clock.advance(15_000);
      await rested();
      expect([round, running, channels.list()]).toEqual([round, 0, []]);
    }
  }
  expect(most).toBe(1);
  expect(begun).toBe(due);
});
