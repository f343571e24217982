import { rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { call } from "../../conformance/testing/call.js";
import { temporaryFolder } from "../../conformance/testing/start-server.js";
import type { Finding, Plan } from "../measure/finding.js";
import { flat, linear } from "../measure/growth.js";
import { writePlots } from "../measure/plot.js";
import { cpuSeconds, residentMiB } from "../measure/process-usage.js";
import { type Readers, startReaders } from "../stream/readers.js";
import { create, type Figures, onServer, type Started, Turns } from "./turn.js";

const configMaps = "/api/v1/namespaces/default/configmaps";
const processes = 2;
/** As many at each size, so that the CPU time can be told apart from its ticks; and no faster than they can be taken. */
const eventsOfASecond = 10_000;
const fewestWrites = 5;

/** 100 to 10,000 watchers of one collection: memory of the server, and its CPU for each event, the write included. */
export async function watcherGrowth({ rounds, seconds, smoke }: Plan): Promise<readonly Finding[]> {
  const sizes = smoke ? [100] : [100, 1000, 10_000];
  const turns = new Turns();
  for (let round = 0; round < rounds; round += 1) {
    for (const size of sizes) turns.add(size, await turn(size, seconds, smoke ? 500 : 3000));
    console.log(`${sizes.join(", ")} watchers: round ${round + 1} measured`);
  }
  writePlots("growth-watchers", [
    { title: "events", x: "watchers", y: "CPU of the server, \u00b5s an event", curves: [{ name: "CPU", points: turns.points("cpuUs") }] },
    { title: "memory", x: "watchers", y: "MiB more than without", curves: [{ name: "memory", points: turns.points("memoryMiB") }] },
  ]);
  const work = "watchers";
  return [
    ...flat({ work, figure: "CPU", unit: "us an event" }, turns.of("cpuUs")),
    ...linear({ work, figure: "memory", unit: "MiB" }, turns.of("memoryMiB")),
  ];
}

async function turn(size: number, seconds: number, restMs: number): Promise<Figures> {
  const dataPath = temporaryFolder("bench");
  try {
    return await onServer(dataPath, {}, restMs, (started) => measured(started, size, seconds, restMs));
  } finally {
    rmSync(dataPath, { recursive: true, force: true });
  }
}

async function measured({ url, pid, residentMiB: before }: Started, size: number, seconds: number, restMs: number): Promise<Figures> {
  const list = JSON.parse((await call(`${url}${configMaps}?limit=1`)).text) as { readonly metadata: { readonly resourceVersion: string } };
  const watch = `${url}${configMaps}?watch=1&resourceVersion=${list.metadata.resourceVersion}`;
  const readers: Readers[] = [];
  for (let index = 0; index < processes; index += 1) readers.push(await startReaders(watch, size / processes));
  await sleep(restMs);
  const memoryMiB = residentMiB(pid) - before;
  const cpu = cpuSeconds(pid);
  const writes = Math.max(fewestWrites, Math.ceil((eventsOfASecond * seconds) / size));
  await writeEach((size * 1000) / eventsOfASecond, writes, (index) => create(`${url}${configMaps}`, eventOf(index)));
  await sleep(1000);
  const used = cpuSeconds(pid) - cpu;
  const seen = await Promise.all(readers.map((it) => it.stop()));
  const messages = seen.reduce((total, it) => total + it.messages, 0);
  if (messages !== writes * size) throw new Error(`${size} watchers saw ${messages} events of ${writes * size}`);
  return { memoryMiB, cpuUs: (used * 1e6) / messages };
}

const eventOf = (index: number): object => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: `event-${index}` },
  data: { at: String(process.hrtime.bigint()), filler: "x".repeat(700) },
});

/** One after another, at a steady rate or as fast as they are answered. */
async function writeEach(pauseMs: number, count: number, write: (index: number) => Promise<void>): Promise<void> {
  const begun = performance.now();
  for (let index = 0; index < count; index += 1) {
    await sleep(Math.max(0, begun + index * pauseMs - performance.now()));
    await write(index);
  }
}
