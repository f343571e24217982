import { rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { call } from "../../conformance/testing/call.js";
import { temporaryFolder, whenReady } from "../../conformance/testing/start-server.js";
import { type Finding, noMoreThan, type Plan } from "../measure/finding.js";
import { median, round } from "../measure/median.js";
import { cpuSeconds, machineCpuSeconds, residentMiB } from "../measure/process-usage.js";
import { writeResults } from "../measure/results.js";
import { startOurs, stopProcess } from "../measure/start-ours.js";
import { type Seen, startReaders } from "./readers.js";

/** BENCH_SUBSCRIBERS takes fewer, on a machine that is busy. */
const subscribersOf = ({ smoke }: Plan): number => Number(process.env["BENCH_SUBSCRIBERS"] ?? (smoke ? 200 : 10_000));
const processes = 2;
const messagesPerSecond = 10;
const channel = "/apis/testdata.datasource.grafana.app/v0alpha1/namespaces/default/datasources/testdata/stream/broadcast/bench";

/** One turn, on a server of its own. */
interface Turn {
  readonly subscribedSeconds: number;
  readonly kibPerSubscriberIdle: number;
  readonly kibPerSubscriberLoaded: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** Messages that a subscriber should have seen and did not. */
  readonly missing: number;
  /** Connections that the server closed. */
  readonly lost: number;
  readonly serverCores: number;
  readonly otherCores: number;
}

/**
 * Subscribers over Server-Sent Events on one channel, ten messages a second: memory for each, and the time from the publisher's request
 * to the subscriber's socket. Readers are in two processes of their own, on the same cores.
 */
export async function benchStream(plan: Plan): Promise<readonly Finding[]> {
  const subscribers = Math.floor(subscribersOf(plan) / processes) * processes;
  const turns: Turn[] = [];
  for (let round = 0; round < plan.rounds; round += 1) turns.push(await turn(subscribers, plan));
  console.table(turns);
  writeResults("stream", { subscribers, messagesPerSecond, ...plan, turns });
  const work = `stream, ${subscribers} subscribers`;
  const middle = (key: keyof Turn): number => median(turns.map((it) => it[key]));
  return [
    { work, figure: "memory each at rest, KiB", ours: middle("kibPerSubscriberIdle") },
    { work, figure: "memory each under load, KiB", ours: middle("kibPerSubscriberLoaded") },
    { work, figure: "delay p50, ms", ours: middle("p50Ms") },
    { work, figure: "delay p99, ms", ours: middle("p99Ms") },
    { work, figure: "messages and connections lost", ours: middle("missing") + middle("lost"), goal: noMoreThan(0) },
  ];
}

async function turn(subscribers: number, { seconds, smoke }: Plan): Promise<Turn> {
  const restMs = smoke ? 500 : 3000;
  const dataPath = temporaryFolder("bench");
  const running = startOurs(dataPath, {});
  try {
    const server = await whenReady(running, dataPath);
    const url = server.url + channel;
    await publish(url);
    const before = residentMiB(running.pid);
    const began = performance.now();
    const readers = await Promise.all(Array.from({ length: processes }, () => startReaders(url, subscribers / processes)));
    const subscribedSeconds = round((performance.now() - began) / 1000, 1);
    await sleep(restMs);
    const kibPerSubscriber = (): number => round(((residentMiB(running.pid) - before) * 1024) / subscribers, 1);
    const kibPerSubscriberIdle = kibPerSubscriber();
    const { result: published, ...cores } = await measure(running.pid, () => publishFor(url, seconds));
    await sleep(restMs);
    const kibPerSubscriberLoaded = kibPerSubscriber();
    const seen = await Promise.all(readers.map((it) => it.stop()));
    const missing = published * subscribers - sum(seen, "messages");
    return { subscribedSeconds, kibPerSubscriberIdle, kibPerSubscriberLoaded, ...delaysOf(seen), missing, lost: sum(seen, "lost"), ...cores };
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
