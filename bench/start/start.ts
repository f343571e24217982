import { rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../../conformance/testing/prometheus.js";
import { temporaryFolder } from "../../conformance/testing/start-server.js";
import { median, round } from "../measure/median.js";
import { machineCpuSeconds, residentMiB } from "../measure/process-usage.js";
import { writeResults } from "../measure/results.js";
import { startOurs, stopProcess } from "../measure/start-ours.js";

const runs = 5;
const restMs = 10_000;
const pollMs = 5;
const giveUpMs = 30_000;
const targets = { readyMs: 1000, residentMiB: 90 };

interface Start {
  /** From the spawn of tools/start.mjs, its set-up included, to the first 200 of /readyz. */
  readonly readyMs: number;
  /** Of the server's process alone, 10 s later. */
  readonly residentMiB: number;
  /** Cores that were busy with anything, the server too, in those 10 s: whether the figures may be believed. */
  readonly busyCores: number;
}

/** Time to /readyz and memory at rest, on fresh data and on data that are there. */
export async function benchStart(): Promise<void> {
  // What a first start after a change does (install, build) is not what is measured.
  await measureStart(temporaryFolder("warm-up"), 0);
  const fresh: Start[] = [];
  const again: Start[] = [];
  for (let run = 0; run < runs; run += 1) {
    const dataPath = temporaryFolder("bench");
    fresh.push(await measureStart(dataPath, restMs));
    again.push(await measureStart(dataPath, restMs));
    rmSync(dataPath, { recursive: true, force: true });
  }
  const figures = { "fresh data": summary(fresh), "existing data": summary(again) };
  console.log(`\nstart, median of ${runs} runs`);
  console.table({ ...figures, target: targets });
  writeResults("start", { targets, figures, runs: { fresh, again } });
}

async function measureStart(dataPath: string, rest: number): Promise<Start> {
  const port = await freePort();
  const begun = performance.now();
  const server = startOurs(dataPath, { GF_SERVER_HTTP_PORT: String(port) });
  try {
    while (!(await isReady(port))) {
      if (performance.now() - begun > giveUpMs || server.child.exitCode !== null) throw new Error(`no start: ${server.stdout()}${server.stderr()}`);
      await sleep(pollMs);
    }
    const readyMs = round(performance.now() - begun, 0);
    const before = machineCpuSeconds();
    await sleep(rest);
    const busyCores = rest === 0 ? 0 : round((machineCpuSeconds() - before) / (rest / 1000), 2);
    return { readyMs, residentMiB: round(residentMiB(server.pid), 1), busyCores };
  } finally {
    await stopProcess(server);
  }
}

async function isReady(port: number): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/readyz`);
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}

const summary = (starts: readonly Start[]): Start => ({
  readyMs: median(starts.map((it) => it.readyMs)),
  residentMiB: median(starts.map((it) => it.residentMiB)),
  busyCores: median(starts.map((it) => it.busyCores)),
});
