import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { DataFrameFormat, dataSourceContext, queryRequest, type RunningPlugin, StreamStatus, startPlugin } from "@dataplane/plugin-sdk/testing";
import { afterAll, beforeAll, expect, test } from "vitest";

const file = fileURLToPath(new URL("./main.ts", import.meta.url));
const pluginContext = dataSourceContext({ pluginId: "grafana-testdata-datasource", uid: "td" });
const range = { from: 1_700_000_000_000, to: 1_700_000_060_000, format: DataFrameFormat.JSON };

let plugin: RunningPlugin;
beforeAll(async () => {
  plugin = await startPlugin({ file, nodeOptions: ["--conditions=source", "--import", import.meta.resolve("tsx")] });
});
afterAll(async () => {
  expect(await plugin.stop()).toBe(0);
});

const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const parse = (bytes: Uint8Array | undefined): unknown => JSON.parse(new TextDecoder().decode(bytes));

interface JsonFrame {
  readonly schema?: unknown;
  readonly data: { readonly values: readonly (readonly number[])[]; readonly entities?: unknown };
}

const chunked = (query: object) =>
  plugin.stream("queryChunkedData", queryRequest(pluginContext, [{ refId: "A", scenarioId: "chunked", ...query }], range));

test("the chunked scenario comes in pieces, with NaN in them, and whole to who asks for the whole", async () => {
  const query = { chunks: 3, rows: 4, nanEvery: 5, seed: "s" };
  const pieces: JsonFrame[] = [];
  for await (const { frame } of chunked(query)) pieces.push(parse(frame) as JsonFrame);
  expect(pieces.map(({ schema }) => schema !== undefined)).toEqual([true, false, false]);
  expect(pieces[1]?.data).toMatchObject({ entities: [null, { NaN: [0] }] });
  const { responses } = await plugin.call("queryData", queryRequest(pluginContext, [{ refId: "A", scenarioId: "chunked", ...query }], range));
  const whole = parse(responses["A"]?.frames[0]) as JsonFrame;
  for (const column of [0, 1]) expect(whole.data.values[column]).toEqual(pieces.flatMap(({ data }) => data.values[column]));
});

test("the chunked scenario fails midway when asked to", async () => {
  const seen: unknown[] = [];
  for await (const { status, error, errorSource } of chunked({ chunks: 5, rows: 1, failAfter: 2 })) seen.push([status, error, errorSource]);
  expect(seen).toEqual([
    [200, "", ""],
    [200, "", ""],
    [502, "failed after 2 chunks, as asked", "downstream"],
  ]);
});

test("a host that leaves the chunks midway leaves the plugin well", async () => {
  for await (const { frame } of chunked({ chunks: 100_000, rows: 1 })) {
    expect(frame.length).toBeGreaterThan(0);
    break;
  }
  await expect(plugin.call("queryData", queryRequest(pluginContext, [{ refId: "A", scenarioId: "no_data_points" }], range))).resolves.toMatchObject({
    responses: { A: { status: 200 } },
  });
});

async function packets(path: string, count: number): Promise<readonly JsonFrame[]> {
  const all: JsonFrame[] = [];
  for await (const { data } of plugin.stream("runStream", { pluginContext, path, data: encode({ seed: "s" }), headers: {} })) {
    all.push(parse(data) as JsonFrame);
    if (all.length === count) break;
  }
  return all;
}

test("the signal channel is a sine by the clock, its schema sent once", async () => {
  const [first, second] = await packets("signal/20", 2);
  expect(first?.schema).toBeDefined();
  expect(second?.schema).toBeUndefined();
  const [time = 0, value = Number.NaN] = second?.data.values.map(([it]) => it) ?? [];
  expect(value).toBeCloseTo(Math.sin((time / 10_000) * 2 * Math.PI) * 10, 9);
});

test("the labelled channel sends its schema again when the labels change", async () => {
  const seen = await packets("random-labeled-stream", 4);
  expect(seen.filter(({ schema }) => schema !== undefined).length).toBeGreaterThan(0);
});

test("what is published on a broadcast channel is passed on, and its run says nothing", async () => {
  const channel = { pluginContext, path: "broadcast/room", headers: {} };
  expect(await plugin.call("subscribeStream", { ...channel, data: new Uint8Array() })).toMatchObject({ status: StreamStatus.OK });
  const answer = await plugin.call("publishStream", { ...channel, data: encode({ hello: 1 }) });
  expect([answer.status, parse(answer.data)]).toEqual([StreamStatus.OK, { hello: 1 }]);
  await expect(plugin.call("publishStream", { ...channel, data: encode([1]) })).rejects.toThrow("must be a JSON object");
  const left = new AbortController();
  const run = (async () => {
    for await (const packet of plugin.stream("runStream", { ...channel, data: new Uint8Array() }, { signal: left.signal })) return packet;
    return undefined;
  })();
  await sleep(50);
  left.abort();
  await run.catch(() => undefined);
  expect(await plugin.call("publishStream", { ...channel, path: "random-2s-stream", data: encode({}) })).toMatchObject({
    status: StreamStatus.PERMISSION_DENIED,
  });
});

const kind = { group: "testdata.datasource.grafana.app", version: "v1", kind: "Thing" };
const admission = (operation: 0 | 1 | 2, spec: object) => ({
  pluginContext,
  operation,
  kind,
  objectBytes: encode({ metadata: { name: "x" }, spec }),
  oldObjectBytes: new Uint8Array(),
});

test("objects are admitted with an annotation and a warning, or refused as they ask to be", async () => {
  const mutated = await plugin.call("mutateAdmission", admission(0, { warn: "careful" }));
  expect(mutated).toMatchObject({ allowed: true, warnings: ["careful"] });
  expect(parse(mutated.objectBytes)).toMatchObject({
    metadata: { name: "x", annotations: { "testdata.datasource.grafana.app/admitted": "CREATE" } },
  });
  expect(await plugin.call("validateAdmission", admission(1, { deny: "no" }))).toMatchObject({
    allowed: false,
    result: { code: 403, reason: "Forbidden", message: "no" },
  });
  const deleted = admission(2, {});
  expect(parse((await plugin.call("mutateAdmission", deleted)).objectBytes)).toEqual(parse(deleted.objectBytes));
});

test("objects are converted there and back", async () => {
  const convert = async (version: string, object: unknown) => {
    const request = {
      pluginContext,
      uid: "u",
      objects: [{ raw: encode(object), contentType: "application/json" }],
      targetVersion: { group: "g", version },
    };
    const { objects, result, uid } = await plugin.call("convertObjects", request);
    expect([uid, result?.status]).toEqual(["u", "Success"]);
    return parse(objects[0]?.raw);
  };
  const v2 = await convert("v2", { apiVersion: "g/v1", spec: { title: "t" } });
  expect(v2).toEqual({ apiVersion: "g/v2", spec: { name: "t" } });
  expect(await convert("v1", v2)).toEqual({ apiVersion: "g/v1", spec: { title: "t" } });
});
