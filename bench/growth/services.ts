import { rmSync } from "node:fs";
import path from "node:path";
import { admin, call } from "../../conformance/testing/call.js";
import { dataSourcesUrl, ownGroup } from "../../conformance/testing/data-plane.js";
import { goTestPlugin, needsGoTestPlugin, unsignedPluginsAllowed } from "../../conformance/testing/install-plugin.js";
import { tools } from "../../conformance/testing/root.js";
import { temporaryFolder } from "../../conformance/testing/start-server.js";
import { until } from "../../conformance/testing/until.js";
import type { Finding, Plan } from "../measure/finding.js";
import { flat, linear, linearBehindWaits } from "../measure/growth.js";
import { type Plot, writePlots } from "../measure/plot.js";
import { childOf } from "../measure/process-usage.js";
import { pluginCommand } from "../query/contestant.js";
import { load } from "../query/load.js";
import { create, type Figures, inParallel, onServer, type Started, Turns } from "./turn.js";

const env = { ...unsignedPluginsAllowed, GF_PATHS_PLUGINS: path.join(tools, "testplugin") };
const connections = 16;
const groupOf = (index: number): string => `g${index}.bench.example.com`;
const queryUrl = (url: string, group: string): string => `${url}/apis/${group}/v0alpha1/namespaces/default/datasources/abc/query`;

/** 1 to 1,000 DataPlaneServices: the small query through the last one, the start, and memory at rest. */
export async function serviceGrowth({ rounds, seconds, smoke }: Plan): Promise<readonly Finding[]> {
  if (!needsGoTestPlugin.isThere()) {
    console.log(`left out: DataPlaneServices: needs ${needsGoTestPlugin.name}`);
    return [];
  }
  const sizes = smoke ? [2] : [1, 10, 100, 1000];
  const dataPath = temporaryFolder("bench");
  const turns = new Turns();
  try {
    for (const [step, size] of sizes.entries()) {
      await onServer(dataPath, env, 0, (started) => register(started, sizes[step - 1] ?? 0, size));
      for (let round = 0; round < rounds; round += 1) {
        await onServer(dataPath, env, smoke ? 1000 : 5000, async (started) => turns.add(size, await measured(started, size, seconds)));
      }
      console.log(`${size} DataPlaneServices: measured`);
    }
  } finally {
    rmSync(dataPath, { recursive: true, force: true });
  }
  plot(turns);
  const work = "DataPlaneServices";
  return [
    ...flat({ work, figure: "small query: CPU", unit: "ms a request" }, turns.of("cpuMs")),
    ...linear({ work, figure: "start: CPU", unit: "ms" }, turns.of("startCpuMs")),
    ...linear({ work, figure: "start to readyz", unit: "ms" }, turns.of("startMs"), linearBehindWaits),
    ...linear({ work, figure: "memory at rest", unit: "MiB" }, turns.of("residentMiB")),
  ];
}

async function register({ url }: Started, from: number, to: number): Promise<void> {
  if (from === 0) await create(dataSourcesUrl({ url }, goTestPlugin), dataSource);
  await inParallel(to - from, 4, (index) =>
    create(`${url}/apis/aggregation.grafana.app/v0alpha1/dataplaneservices`, serviceOf(groupOf(from + index))),
  );
}

const dataSource = {
  apiVersion: `${ownGroup(goTestPlugin)}/v0alpha1`,
  kind: "DataSource",
  metadata: { name: "abc" },
  spec: { title: "abc", url: "http://127.0.0.1:9090", jsonData: { a: 1 } },
  secure: { token: { create: "s3cret" } },
};

const serviceOf = (group: string): object => ({
  apiVersion: "aggregation.grafana.app/v0alpha1",
  kind: "DataPlaneService",
  metadata: { name: `v0alpha1.${group}` },
  spec: { pluginID: goTestPlugin, pluginType: "datasource", group, version: "v0alpha1", services: [{ type: "query" }] },
});

const smallQuery = { from: "now-1h", to: "now", queries: [{ refId: "A", datasource: { type: goTestPlugin, uid: "abc" }, queryType: "small" }] };

async function measured({ url, pid, startMs, startCpuMs, residentMiB }: Started, size: number, seconds: number): Promise<Figures> {
  const query = queryUrl(url, groupOf(size - 1));
  await until("the last service is served", async () => ((await call(query, { body: smallQuery })).status === 200 ? true : undefined));
  const contestant = { name: `${size} services`, url: query, authorization: admin, serverPid: pid, pluginPid: childOf(pid, pluginCommand) };
  const { serverCpuMs, requestsPerSecond } = await load({ ...contestant, stop: () => Promise.resolve() }, connections, seconds);
  return { startMs, startCpuMs, residentMiB, cpuMs: serverCpuMs, requestsPerSecond };
}

function plot(turns: Turns): void {
  const one = (title: string, y: string, figure: string): Plot => ({
    ...{ title, x: "DataPlaneServices", y },
    curves: [{ name: figure, points: turns.points(figure) }],
  });
  writePlots("growth-services", [
    one("small query, 16 connections", "CPU of the server, ms a request", "cpuMs"),
    one("start to readyz", "ms", "startMs"),
    one("memory at rest", "MiB", "residentMiB"),
  ]);
}
