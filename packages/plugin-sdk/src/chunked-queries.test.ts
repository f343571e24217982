import { setTimeout as sleep } from "node:timers/promises";
import { DataFrameFormat, GrpcCode, type QueryChunkedDataResponse } from "@dataplane/plugin-protocol";
import { afterAll, beforeAll, expect, test } from "vitest";
import { frame, numberField, stringField } from "./frame-builder.js";
import { createLogger } from "./logger.js";
import { Metrics } from "./metrics.js";
import { BadRequestError, DownstreamError } from "./plugin-error.js";
import { implementPlugin } from "./plugin-implementation.js";
import type { QueryHandler } from "./query.js";
import { dataSourceSettingsOf } from "./settings.js";
import { dataSourceContext, queryRequest } from "./testing/requests.js";
import type { RunningPlugin } from "./testing/start-plugin.js";
import { startSource } from "./testing/start-source.js";

const range = { from: 0, to: 1000, format: DataFrameFormat.JSON };
const value = (...values: (number | null)[]) => frame({ fields: [numberField("value", values, { nullable: true })] });

/** Both calls of a plugin with that one handler. */
function calls(queryData: QueryHandler, signal = new AbortController().signal) {
  const logger = createLogger({ module: "test", level: "debug", write: () => undefined, now: () => new Date(0) });
  const definition = { createInstance: () => ({ queryData }) };
  const { implementation } = implementPlugin({ definition, settingsOf: dataSourceSettingsOf, logger, metrics: new Metrics(), graceMs: 1 });
  const { queryData: whole, queryChunkedData: chunked } = implementation;
  if (whole === undefined || chunked === undefined) throw new Error("the SDK serves both");
  const served = { signal, metadata: {} };
  return {
    whole: (...refIds: string[]) => whole(request(refIds), served),
    chunked: (...refIds: string[]) => chunked(request(refIds), served),
  };
}

const request = (refIds: readonly string[], format: DataFrameFormat = DataFrameFormat.JSON) =>
  queryRequest(
    dataSourceContext(),
    refIds.map((refId) => ({ refId })),
    { ...range, format },
  );

const json = (bytes: Uint8Array | undefined): unknown => JSON.parse(new TextDecoder().decode(bytes));

async function collect(chunks: AsyncIterable<QueryChunkedDataResponse>): Promise<readonly QueryChunkedDataResponse[]> {
  const all: QueryChunkedDataResponse[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return all;
}

test("a frame's schema goes with its first chunk alone, and NaN and the infinities stay what they are in each", async () => {
  const { chunked } = calls(async function* () {
    yield await Promise.resolve(value(1, Number.NaN));
    yield value(Number.POSITIVE_INFINITY, null);
    yield { frame: frame({ name: "more", fields: [stringField("s", ["ä<"])] }), frameId: "other" };
    yield { frame: frame({ name: "more", fields: [stringField("s", ["b"])] }), frameId: "other" };
  });
  const chunks = await collect(chunked("A"));
  expect(chunks.map(({ refId, frameId, status }) => [refId, frameId, status])).toEqual([
    ["A", "f0", 200],
    ["A", "f0", 200],
    ["A", "other", 200],
    ["A", "other", 200],
  ]);
  expect(json(chunks[0]?.frame)).toMatchObject({ schema: { refId: "A" }, data: { values: [[1, null]], entities: [{ NaN: [1] }] } });
  expect(json(chunks[1]?.frame)).toEqual({ data: { values: [[null, null]], entities: [{ Inf: [0] }] } });
  expect(json(chunks[2]?.frame)).toMatchObject({ schema: { name: "more" }, data: { values: [["ä<"]] } });
  expect(json(chunks[3]?.frame)).toEqual({ data: { values: [["b"]] } });
});

test("who asks for the whole answer gets the chunks joined", async () => {
  const { whole } = calls(async function* () {
    yield await Promise.resolve(value(1));
    yield value(null, 3);
    yield { frame: frame({ fields: [stringField("s", ["x"])] }), frameId: "other" };
  });
  const { responses } = await whole("A");
  expect(responses["A"]?.frames.map(json)).toMatchObject([{ data: { values: [[1, null, 3]] } }, { data: { values: [["x"]] } }]);
});

test("who asks for chunks gets whole frames one by one, then the error or status that came with them", async () => {
  const { chunked } = calls(({ refId }) => {
    if (refId === "B") return { frames: [value(1)], error: new DownstreamError("half", { status: 504 }) };
    return refId === "C" ? { frames: [], status: 206 } : [value(1), value(2)];
  });
  const chunks = await collect(chunked("A", "B", "C"));
  const of = (wanted: string) => chunks.filter(({ refId }) => refId === wanted);
  expect(of("A")).toMatchObject([{ frameId: "f0" }, { frameId: "f1" }]);
  expect(of("B")).toMatchObject([
    { frameId: "f0", status: 200 },
    { error: "half", status: 504, errorSource: "downstream" },
  ]);
  expect(of("C")).toMatchObject([{ status: 206, error: "" }]);
});

test("an error midway ends its own query alone, after the chunks that came before", async () => {
  const { chunked, whole } = calls(async function* ({ refId }) {
    yield await Promise.resolve(value(1));
    if (refId === "A") throw new BadRequestError("broken midway");
    yield value(2);
  });
  const { responses } = await whole("A", "B");
  expect(responses["A"]).toMatchObject({ status: 400, error: "broken midway", frames: [expect.any(Uint8Array)] });
  expect(responses["B"]).toMatchObject({ status: 200, error: "" });
  const chunks = await collect(chunked("A", "B"));
  expect(chunks.filter(({ refId }) => refId === "A")).toMatchObject([{ error: "" }, { error: "broken midway", status: 400 }]);
  expect(chunks.filter(({ refId }) => refId === "B")).toMatchObject([{ error: "" }, { error: "" }]);
});

test("chunks of one frame that differ in their schema are the plugin's fault, told to the query", async () => {
  const handler: QueryHandler = async function* () {
    yield await Promise.resolve(value(1));
    yield frame({ fields: [stringField("value", ["x"])] });
  };
  const fault = { status: 500, errorSource: "plugin", error: expect.stringContaining("differ in their schema") };
  expect((await collect(calls(handler).chunked("A"))).at(-1)).toMatchObject(fault);
  expect((await calls(handler).whole("A")).responses["A"]).toMatchObject(fault);
});

test("a host that leaves ends the handler, and is told of no failure of the plugin", async () => {
  const left = new AbortController();
  let ended = false;
  const { chunked } = calls(async function* (_query, { signal }) {
    try {
      for (;;) {
        yield value(1);
        await sleep(1, undefined, { signal });
      }
    } finally {
      ended = true;
    }
  }, left.signal);
  let taken = 0;
  const reading = (async () => {
    for await (const chunk of chunked("A")) {
      expect(chunk.error).toBe("");
      taken += 1;
      if (taken === 3) left.abort();
    }
  })();
  await expect(reading).rejects.toMatchObject({ code: GrpcCode.Canceled });
  expect(ended).toBe(true);
});

let plugin: RunningPlugin;
beforeAll(async () => {
  plugin = await startSource(`
    import { frame, numberField, serveDataSource } from "@dataplane/plugin-sdk";
    let made = 0;
    const large = Array.from({ length: 50_000 }, (_, at) => at / 7);
    await serveDataSource({
      createInstance: () => ({
        async *queryData({ json }) {
          for (made = 0; made < Number(json.chunks); made += 1) {
            yield frame({ fields: [numberField("value", large)] });
            await new Promise((resolve) => setImmediate(resolve));
          }
        },
        callResource: () => ({ body: String(made) }),
      }),
    });
  `);
});
afterAll(async () => {
  expect(await plugin.stop()).toBe(0);
});

async function madeChunks(): Promise<number> {
  const resource = { pluginContext: dataSourceContext(), path: "made", url: "made", method: "GET", headers: {}, body: new Uint8Array() };
  for await (const { body } of plugin.stream("callResource", resource)) return Number(new TextDecoder().decode(body));
  return Number.NaN;
}

test("over a real connection a host that does not read slows the handler, and Arrow chunks are files of their own", async () => {
  const asked = queryRequest(dataSourceContext(), [{ refId: "A", chunks: 200 }], { from: 0, to: 1, format: DataFrameFormat.ARROW });
  let taken = 0;
  for await (const { frame: bytes, format } of plugin.stream("queryChunkedData", asked)) {
    expect(format).toBe(DataFrameFormat.ARROW);
    expect(new TextDecoder().decode(bytes.subarray(0, 6))).toBe("ARROW1");
    taken += 1;
    if (taken > 1) continue;
    await sleep(300);
    // 400 kB a chunk: what the connection's windows and buffers hold, and not all 200.
    expect(await madeChunks()).toBeLessThan(100);
  }
  expect(taken).toBe(200);
});
