import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { DataFrameFormat, dataSourceContext, HealthStatus, queryRequest, type RunningPlugin } from "./testing/index.js";
import { startSource } from "./testing/start-source.js";

let plugin: RunningPlugin;
beforeAll(async () => {
  const guide = await readFile(new URL("../../../docs/plugin-sdk.md", import.meta.url), "utf8");
  const code = /```ts\n(import [\s\S]*?serveDataSource[\s\S]*?)```/.exec(guide)?.[1];
  if (code === undefined) throw new Error("the guide has no plugin");
  plugin = await startSource(code);
});
afterAll(async () => {
  expect(await plugin.stop()).toBe(0);
});

const pluginContext = dataSourceContext({ uid: "dice", jsonData: { sides: 20 } });
const range = { from: 0, to: 60_000, format: DataFrameFormat.JSON };

test("the plugin of the guide answers its queries", async () => {
  const queries = [
    { refId: "A", count: 3 },
    { refId: "B", broken: true },
    { refId: "C", count: 5000 },
    { refId: "D", count: "many" },
  ];
  const { responses } = await plugin.call("queryData", queryRequest(pluginContext, queries, range));
  const frame: unknown = JSON.parse(new TextDecoder().decode(responses["A"]?.frames[0]));
  expect(frame).toMatchObject({
    schema: { name: "dice", refId: "A" },
    data: {
      values: [
        [0, 1000, 2000],
        [1, 8, 15],
      ],
    },
  });
  expect(responses["B"]).toMatchObject({ status: 503, errorSource: "downstream", error: "the dice fell off the table" });
  expect(responses["C"]).toMatchObject({ status: 400, error: "at most 1000 throws" });
  expect(responses["D"]).toMatchObject({ status: 400, error: "count must be a number" });
});

test("the plugin of the guide answers resources and health", async () => {
  const pieces = [];
  for await (const piece of plugin.stream("callResource", {
    pluginContext,
    method: "GET",
    path: "sides/7",
    url: "sides/7",
    headers: {},
    body: new Uint8Array(),
  }))
    pieces.push(piece);
  expect(JSON.parse(new TextDecoder().decode(pieces[0]?.body))).toEqual({ side: 7, exists: true });
  expect(await plugin.call("checkHealth", { pluginContext, headers: {} })).toMatchObject({ status: HealthStatus.OK, message: "20 sides" });
});

test("settings that cannot work are told by each call", async () => {
  const wrong = dataSourceContext({ uid: "coin", jsonData: { sides: 1 } });
  expect(await plugin.call("checkHealth", { pluginContext: wrong, headers: {} })).toMatchObject({
    status: HealthStatus.ERROR,
    message: "a die has at least two sides",
  });
  const { responses } = await plugin.call("queryData", queryRequest(wrong, [{ refId: "A" }], range));
  expect(responses["A"]).toMatchObject({ status: 400, errorSource: "downstream" });
});
