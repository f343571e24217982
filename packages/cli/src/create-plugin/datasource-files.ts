import { executableOf, type PluginIdentity, type ProjectFile } from "./plugin-identity.js";

/** The code of a new data source: numbers that need nothing but the plugin itself. */
export function dataSourceFiles(identity: PluginIdentity): readonly ProjectFile[] {
  return [
    { path: "src/main.ts", text: main },
    { path: "src/plugin.ts", text: plugin },
    { path: "src/plugin.test.ts", text: test(identity) },
  ];
}

/** Not written out in the texts below: whoever looks for what this package imports would take it for that. */
const sdk = "@dataplane/plugin-sdk";

const main = `import { serveDataSource } from "${sdk}";
import { plugin } from "./plugin.js";

await serveDataSource(plugin);
`;

const plugin = `import {
  BadRequestError,
  type DataSourcePlugin,
  type Frame,
  frame,
  jsonResponse,
  numberField,
  type Query,
  readNumber,
  resourceRouter,
  route,
  SettingsError,
  timeField,
} from "${sdk}";

export const plugin: DataSourcePlugin = {
  // Once for each data source, and again when its settings change. What it throws is told to every call.
  createInstance({ jsonData }) {
    const scale = readNumber(jsonData, "scale", 1);
    if (scale <= 0) throw new SettingsError("scale must be above 0");
    return {
      // Called for each query of a request. What it throws is the error of that query alone.
      queryData: (query) => [wave(query, scale)],
      // GET …/datasources/<uid>/resources/scale
      callResource: resourceRouter([route("GET", "/scale", () => jsonResponse({ scale }))]),
      checkHealth: () => ({ status: "ok", message: \`waves of height \${scale}\` }),
    };
  },
};

/** One sine over the range, \`points\` rows of it. */
function wave({ json, timeRange }: Query, scale: number): Frame {
  const points = readNumber(json, "points", 10);
  if (!Number.isInteger(points) || points < 1 || points > 10_000) throw new BadRequestError("points must be a whole number from 1 to 10000");
  const from = timeRange.from.getTime();
  const step = (timeRange.to.getTime() - from) / points;
  const rows = Array.from({ length: points }, (_, index) => index);
  return frame({
    name: "wave",
    fields: [
      timeField("time", rows.map((row) => from + row * step)),
      numberField("value", rows.map((row) => scale * Math.sin((row / points) * 2 * Math.PI))),
    ],
  });
}
`;

const test = (identity: PluginIdentity): string => `import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { DataFrameFormat, dataSourceContext, HealthStatus, queryRequest, type RunningPlugin, startPlugin } from "${sdk}/testing";

const context = dataSourceContext({ pluginId: "${identity.id}", uid: "one", jsonData: { scale: 2 } });
const range = { from: 0, to: 60_000, format: DataFrameFormat.JSON };

let plugin: RunningPlugin;
before(async () => {
  // The built plugin as a process of its own, as a host starts it.
  plugin = await startPlugin({ file: "dist/${executableOf(identity)}_linux_amd64", autoMtls: true });
});
after(async () => {
  assert.equal(await plugin.stop(), 0);
});

test("a query is answered with a wave over its range", async () => {
  const { responses } = await plugin.call("queryData", queryRequest(context, [{ refId: "A", points: 4 }], range));
  const answer: unknown = JSON.parse(new TextDecoder().decode(responses["A"]?.frames[0]));
  assert.deepEqual((answer as { data: { values: number[][] } }).data.values[0], [0, 15_000, 30_000, 45_000]);
});

test("a query that makes no sense is an error of that query alone", async () => {
  const { responses } = await plugin.call("queryData", queryRequest(context, [{ refId: "A", points: -1 }, { refId: "B" }], range));
  assert.equal(responses["A"]?.status, 400);
  assert.equal(responses["B"]?.status, 200);
});

test("the data source is healthy, and says when its settings cannot work", async () => {
  assert.equal((await plugin.call("checkHealth", { pluginContext: context, headers: {} })).status, HealthStatus.OK);
  const wrong = dataSourceContext({ uid: "two", jsonData: { scale: 0 } });
  const health = await plugin.call("checkHealth", { pluginContext: wrong, headers: {} });
  assert.equal(health.message, "scale must be above 0");
});
`;
