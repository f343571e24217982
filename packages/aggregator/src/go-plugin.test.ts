import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { DataFrameFormat } from "@dataplane/plugin-protocol";
import { expect, test } from "vitest";
import { aPlugin } from "./testing/a-plugin.js";
import { startRealPlugins } from "./testing/a-real-plugin.js";
import { aDataPlaneService, startAggregator } from "./testing/start-aggregator.js";

/** Built by conformance/build-tools.sh; without Go there is none. */
const directory = fileURLToPath(new URL("../../../.cache/tools/testplugin/acme-testplugin-datasource", import.meta.url));
const missing = !existsSync(directory);
const id = "acme-testplugin-datasource";
const services = [aDataPlaneService({ plugin: id, serves: ["query", { type: "route", path: "datasources/{uid}/resources/*" }] })];
const base = `/apis/${id}.grafana.app/v0alpha1`;

test.skipIf(missing)("queries, health, resources and metrics of a plugin of the official Go SDK", async () => {
  await using real = await startRealPlugins(directory);
  const { query, send } = startAggregator({ plugins: real.plugins.list(), services });

  const small = await query(id, "main", [
    { refId: "S", queryType: "small" },
    { refId: "E", queryType: "error" },
    { refId: "X", queryType: "echo", own: 12345 },
  ]);
  expect(small.status).toBe(200);
  expect(small.json).toMatchObject({
    results: { S: { status: 200, frames: [{ schema: { name: "small" } }] }, E: { status: 502 }, X: { status: 200 } },
  });
  expect(small.text).toContain("s3cret");
  expect(small.text).toContain(String.raw`\"own\":12345`);

  const large = await query(id, "main", { refId: "A", queryType: "large" });
  expect(large.text.length).toBeGreaterThan(5_000_000);

  expect(await send("GET", `${base}/namespaces/default/datasources/main/health`)).toMatchObject({ status: 200, json: { status: "OK" } });
  const resource = await send("POST", `${base}/namespaces/default/datasources/main/resources/status/418?a=b`, {
    body: "hi",
    headers: { "x-a": "1" },
  });
  expect(resource).toMatchObject({ status: 418 });
  expect((await send("GET", `${base}/namespaces/default/datasources/main/resources/chunks/3`)).status).toBe(200);
  expect((await send("GET", `${base}/metrics`)).text).toContain("acme_testplugin_queries_total");
});

test.skipIf(missing)("a query whose plugin is killed is 503, and the next one waits for its restart", async () => {
  await using real = await startRealPlugins(directory);
  const { query, send } = startAggregator({ plugins: real.plugins.list(), services });
  // A call to a plugin that is still starting waits for it.
  expect((await query(id, "main", { refId: "A", queryType: "small" })).status).toBe(200);
  const slow = query(id, "main", { refId: "A", queryType: "slow", delayMs: 30_000 });
  await expect.poll(async () => (await send("GET", `${base}/metrics`)).text).toContain('acme_testplugin_queries_total{type="slow"} 1');
  const crashed = new Promise<void>((resolve) => real.plugins.onChange(() => resolve()));
  process.kill(real.plugins.get(id)?.state.pid ?? expect.fail("it runs"), "SIGKILL");
  expect((await slow).json).toMatchObject({ kind: "Status", code: 503, reason: "ServiceUnavailable" });
  await crashed;
  expect((await query(id, "main", { refId: "A", queryType: "small" })).status).toBe(200);
});

test.skipIf(missing)("a plugin that hangs is 504 after the time of a call", async () => {
  await using real = await startRealPlugins(directory);
  const { query } = startAggregator({ plugins: real.plugins.list(), services, limits: { callTimeoutMs: 500 } });
  await real.plugins.get(id)?.client(new AbortController().signal);
  const pid = real.plugins.get(id)?.state.pid ?? expect.fail("it runs");
  // One that is only slow may answer for itself when its time is over.
  process.kill(pid, "SIGSTOP");
  try {
    expect((await query(id, "main", { refId: "A", queryType: "small" })).json).toMatchObject({ code: 504, reason: "Timeout" });
  } finally {
    process.kill(pid, "SIGCONT");
  }
});

test.skipIf(missing)("JSON frames and Arrow frames give the same bytes", async () => {
  await using real = await startRealPlugins(directory);
  const plugin = real.plugins.get(id) ?? expect.fail("it was found");
  const client = await plugin.client(new AbortController().signal);
  const older = aPlugin({ id, calls: { queryData: (request, options) => client.queryData({ ...request, format: DataFrameFormat.ARROW }, options) } });
  const queries = ["small", "echo", "error"].map((queryType) => ({ refId: queryType, queryType }));
  const range = { body: { from: "1000", to: "2000", queries } };
  const [json, arrow] = await Promise.all([plugin, older].map((it) => startAggregator({ plugins: [it], services }).query(id, "main", [], range)));
  expect(arrow?.text).toBe(json?.text);
});
