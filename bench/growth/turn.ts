import { setTimeout as sleep } from "node:timers/promises";
import { call } from "../../conformance/testing/call.js";
import { type Addresses, whenReady } from "../../conformance/testing/start-server.js";
import { median, round } from "../measure/median.js";
import { cpuSeconds, residentMiB } from "../measure/process-usage.js";
import { startOurs, stopProcess } from "../measure/start-ours.js";

/** Figures of one turn at one size, by their names. */
export type Figures = Readonly<Record<string, number>>;

export interface Started extends Addresses {
  readonly pid: number;
  /** From the spawn to the first 200 of /readyz; and the CPU time of the process until then, which other programs do not lengthen. */
  readonly startMs: number;
  readonly startCpuMs: number;
  /** In RAM after the rest. */
  readonly residentMiB: number;
}

/** Starts our server on that data, lets it rest, runs `work`, and stops it. */
export async function onServer<T>(dataPath: string, env: NodeJS.ProcessEnv, restMs: number, work: (started: Started) => Promise<T>): Promise<T> {
  const begun = performance.now();
  const running = startOurs(dataPath, env);
  try {
    const addresses = await whenReady(running, dataPath, 120_000);
    const startMs = performance.now() - begun;
    const startCpuMs = cpuSeconds(running.pid) * 1000;
    await sleep(restMs);
    return await work({ ...addresses, pid: running.pid, startMs, startCpuMs, residentMiB: residentMiB(running.pid) });
  } finally {
    await stopProcess(running);
  }
}

/** Turns at several sizes, so that each figure can be told at each size. */
export class Turns {
  readonly #bySize = new Map<number, Figures[]>();

  add(size: number, figures: Figures): void {
    this.#bySize.set(size, [...(this.#bySize.get(size) ?? []), figures]);
  }

  /** Medians of a figure, by size. */
  of(figure: string): readonly { readonly size: number; readonly value: number }[] {
    return [...this.#bySize].map(([size, turns]) => ({ size, value: round(median(turns.map((it) => it[figure] ?? Number.NaN)), 4) }));
  }

  points(figure: string): readonly { readonly x: number; readonly y: number }[] {
    return this.of(figure).map(({ size, value }) => ({ x: size, y: value }));
  }
}

/** Runs the tasks, so many at a time. */
export async function inParallel(count: number, width: number, task: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      const index = next;
      next += 1;
      await task(index);
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
}

/** Creates one object; throws with the answer when it was not. */
export async function create(collectionUrl: string, body: object): Promise<void> {
  const created = await call(collectionUrl, { body });
  if (created.status !== 201) throw new Error(`POST ${collectionUrl}: ${created.status} ${created.text}`);
}
