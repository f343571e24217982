import { rmSync } from "node:fs";
import path from "node:path";
import { admin } from "../../conformance/testing/call.js";
import { temporaryFolder } from "../../conformance/testing/start-server.js";
import type { Finding, Plan } from "../measure/finding.js";
import { flat, linear, linearBehindWaits } from "../measure/growth.js";
import { type Plot, writePlots } from "../measure/plot.js";
import { type Load, load } from "../query/load.js";
import { create, type Figures, inParallel, onServer, type Started, Turns } from "./turn.js";

const configMaps = "/api/v1/namespaces/default/configmaps";
const script = path.join(path.dirname(import.meta.dirname), "measure", "report.lua");
const nameOf = (index: number): string => `object-${String(index).padStart(6, "0")}`;

/** 1,000 to 100,000 objects of 1 KB: get, a page of 500, the start, and memory at rest. */
export async function objectGrowth({ rounds, seconds, smoke }: Plan): Promise<readonly Finding[]> {
  const sizes = smoke ? [600] : [1000, 10_000, 100_000];
  const dataPath = temporaryFolder("bench");
  const turns = new Turns();
  try {
    for (const [step, size] of sizes.entries()) {
      await onServer(dataPath, {}, 0, (started) => fill(started, sizes[step - 1] ?? 0, size));
      for (let round = 0; round < rounds; round += 1) {
        await onServer(dataPath, {}, smoke ? 500 : 5000, async (started) => turns.add(size, await measured(started, size, seconds)));
      }
      console.log(`${size} objects: measured`);
    }
  } finally {
    rmSync(dataPath, { recursive: true, force: true });
  }
  plot(turns);
  const work = "objects";
  return [
    ...flat({ work, figure: "get: CPU", unit: "ms a request" }, turns.of("getCpuMs")),
    ...flat({ work, figure: "page of 500: CPU", unit: "ms a page" }, turns.of("pageCpuMs")),
    ...linear({ work, figure: "start: CPU", unit: "ms" }, turns.of("startCpuMs")),
    ...linear({ work, figure: "start to readyz", unit: "ms" }, turns.of("startMs"), linearBehindWaits),
    ...linear({ work, figure: "memory at rest", unit: "MiB" }, turns.of("residentMiB")),
  ];
}

const fill = ({ url }: Started, from: number, to: number): Promise<void> =>
  inParallel(to - from, 16, (index) =>
    create(`${url}${configMaps}`, {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: nameOf(from + index), labels: { app: "bench", shard: String(index % 10) } },
      data: { filler: "x".repeat(700) },
    }),
  );

async function measured({ url, pid, startMs, startCpuMs, residentMiB }: Started, size: number, seconds: number): Promise<Figures> {
  const loaded = (connections: number, query: string): Promise<Load> => {
    const server = { serverPid: pid, pluginPid: pid, authorization: admin, stop: () => Promise.resolve() };
    return load({ ...server, name: `${size} objects`, url: `${url}${configMaps}${query}` }, connections, seconds, script);
  };
  const get = await loaded(16, `/${nameOf(Math.floor(size / 2))}`);
  const page = await loaded(1, "?limit=500");
  return { startMs, startCpuMs, residentMiB, getCpuMs: get.serverCpuMs, pageCpuMs: page.serverCpuMs };
}

function plot(turns: Turns): void {
  const one = (title: string, y: string, figure: string): Plot => ({
    ...{ title, x: "objects of 1 KB", y },
    curves: [{ name: figure, points: turns.points(figure) }],
  });
  writePlots("growth-objects", [
    one("get, 16 connections", "CPU of the server, ms a request", "getCpuMs"),
    one("page of 500", "CPU of the server, ms a page", "pageCpuMs"),
    one("start to readyz", "ms", "startMs"),
    one("memory at rest", "MiB", "residentMiB"),
  ]);
}
