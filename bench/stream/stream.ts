import { rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { call } from "../../conformance/testing/call.js";
import { temporaryFolder, whenReady } from "../../conformance/testing/start-server.js";
import { round } from "../measure/median.js";
import { cpuSeconds, machineCpuSeconds, residentMiB } from "../measure/process-usage.js";
import { writeResults } from "../measure/results.js";
import { startOurs, stopProcess } from "../measure/start-ours.js";
import { type Seen, startReaders } from "./readers.js";

/** BENCH_SUBSCRIBERS takes fewer, on a machine that is busy. */
const subscribers = Number(process.env["BENCH_SUBSCRIBERS"] ?? 10_000);
const processes = 2;
const messagesPerSecond = 10;
const seconds = 20;
const channel = "/apis/testdata.datasource.grafana.app/v0alpha1/namespaces/default/datasources/testdata/stream/broadcast/bench";

/**
 * Subscribers over Server-Sent Events on one channel, ten messages a second: memory for each, and the time from the publisher's request
 * to the subscriber's socket. Readers are in two processes of their own, on the same cores.
 */
export async function benchStream(): Promise<void> {
  const dataPath = temporaryFolder("bench");
  const running = startOurs(dataPath, {});
  try {
    const server = await whenReady(running, dataPath);
    const url = server.url + channel;
    await publish(url);
    const before = residentMiB(running.pid);
    const began = performance.now();
    const readers = await Promise.all(Array.from({ length: processes }, () => startReaders(url, Math.floor(subscribers / processes))));
    const subscribedSeconds = (performance.now() - began) / 1000;
    await sleep(5_000);
    const idleMiB = residentMiB(running.pid);
    const load = await measure(running.pid, () => publishFor(url, seconds));
    await sleep(3_000);
    const loadedMiB = residentMiB(running.pid);
    const seen = await Promise.all(readers.map((it) => it.stop()));
    const count = Math.floor(subscribers / processes) * processes;
    const figures = {
      ...{ subscribers: count, messagesPerSecond, seconds, subscribedSeconds: round(subscribedSeconds, 1) },
      kibPerSubscriberIdle: round(((idleMiB - before) * 1024) / count, 1),
      kibPerSubscriberLoaded: round(((loadedMiB - before) * 1024) / count, 1),
      ...delaysOf(seen),
      ...{ delivered: sum(seen, "messages"), expected: load.result * count, lost: sum(seen, "lost") },
      serverCores: load.serverCores,
      otherCores: load.otherCores,
    };
    console.table(figures);
    writeResults("stream", figures);
  } finally {
    await stopProcess(running);
    rmSync(dataPath, { recursive: true, force: true });
  }
}

/** Each message says when it was published, by the clock that all processes of a machine share. */
async function publish(url: string): Promise<void> {
  const answer = await call(url, { body: { at: String(process.hrtime.bigint()) } });
  if (answer.status !== 200) throw new Error(`publishing: ${String(answer.status)} ${answer.text}`);
}

/** At a steady rate, whether or not the one before was answered. Resolves with how many were published. */
async function publishFor(url: string, howLong: number): Promise<number> {
  const sent: Promise<void>[] = [];
  const began = performance.now();
  for (let index = 0; index < howLong * messagesPerSecond; index += 1) {
    await sleep(Math.max(0, began + (index * 1000) / messagesPerSecond - performance.now()));
    sent.push(publish(url));
  }
  await Promise.all(sent);
  return sent.length;
}

async function measure<T>(
  pid: number,
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly serverCores: number; readonly otherCores: number }> {
  const [server, machine, began] = [cpuSeconds(pid), machineCpuSeconds(), performance.now()];
  const result = await work();
  const took = (performance.now() - began) / 1000;
  const serverCores = (cpuSeconds(pid) - server) / took;
  return { result, serverCores: round(serverCores, 2), otherCores: round((machineCpuSeconds() - machine) / took - serverCores, 2) };
}

function delaysOf(seen: readonly Seen[]): { readonly p50Ms: number; readonly p99Ms: number; readonly maxMs: number } {
  const counts = new Map<number, number>();
  for (const { delays } of seen) for (const [ms, count] of delays) counts.set(ms, (counts.get(ms) ?? 0) + count);
  const sorted = [...counts].sort(([a], [b]) => a - b);
  const total = sum(seen, "messages");
  const at = (part: number): number => {
    let passed = 0;
    for (const [ms, count] of sorted) {
      passed += count;
      if (passed >= total * part) return ms;
    }
    return 0;
  };
  return { p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
}

const sum = (seen: readonly Seen[], what: "messages" | "lost"): number => seen.reduce((total, it) => total + it[what], 0);
