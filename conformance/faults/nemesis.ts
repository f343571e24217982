import { setTimeout as sleep } from "node:timers/promises";
import type { Random } from "../testing/random.js";
import type { DisturbedRun } from "./run-history.js";
import type { FaultyServer } from "./servers.js";
import type { ShiftedClock } from "./shifted-clock.js";

export interface NemesisOptions extends DisturbedRun {
  /** No new fault after it; what is broken is mended. */
  readonly signal: AbortSignal;
  /** Of a pause or a hole, in milliseconds. */
  readonly longestMs: number;
}

type Fault = (options: NemesisOptions) => Promise<void>;

/** Bad things for so long, for `runHistory`. */
export const nemesisFor =
  (seconds: number) =>
  (run: DisturbedRun): Promise<Readonly<Record<string, number>>> =>
    runNemesis({ ...run, signal: AbortSignal.timeout(seconds * 1000), longestMs: Math.min(10_000, seconds * 250) });

/** One bad thing after another until the signal aborts: at the servers, and beside that at the database and the way to it. Returns how many of each. */
async function runNemesis(options: NemesisOptions): Promise<Readonly<Record<string, number>>> {
  const counts: Record<string, number> = {};
  const { database, all } = options.servers;
  const loops = [runFaults(serverFaults(options), options, counts)];
  if (database.address !== undefined) loops.push(runFaults(databaseFaults, options, counts));
  await Promise.all(loops);
  await Promise.all(all.filter(({ isUp }) => !isUp).map((server) => server.startWhenPossible()));
  options.clock?.shift(0);
  return counts;
}

async function runFaults(faults: Readonly<Record<string, Fault>>, options: NemesisOptions, counts: Record<string, number>): Promise<void> {
  const { random, signal, history } = options;
  const names = Object.keys(faults);
  while (await isPeaceful(random.between(200, 2500), signal)) {
    const name = random.pick(names);
    history.note(name);
    counts[name] = (counts[name] ?? 0) + 1;
    await faults[name]?.(options);
    // Time for answers to be had, so that there is something to be wrong.
    await isPeaceful(random.between(500, 3000), signal);
  }
}

/** False when the signal aborts before the time is over. */
const isPeaceful = (ms: number, signal: AbortSignal): Promise<boolean> =>
  sleep(ms, undefined, { signal }).then(
    () => true,
    () => false,
  );

const serverFaults = ({ clock }: NemesisOptions): Readonly<Record<string, Fault>> => ({
  "server killed": async (options) => {
    const server = options.random.pick(options.servers.all);
    await server.kill();
    await pause(options, 1_500);
    await server.startWhenPossible(disk(options.random));
  },
  "server restarted": async (options) => {
    const server = options.random.pick(options.servers.all);
    await server.stop();
    await server.startWhenPossible(disk(options.random));
  },
  "server stopped for a while": async (options) => {
    const server = options.random.pick(options.servers.all);
    server.pause();
    await pause(options, options.longestMs);
    server.resume();
  },
  ...(clock === undefined ? {} : { "clock jumped": (options) => jump(clock, options) }),
});

const databaseFaults: Readonly<Record<string, Fault>> = {
  "database killed": async (options) => {
    const { database } = options.servers;
    await database.kill();
    await pause(options, 1_000);
    await database.restart();
  },
  "database stopped for a while": async (options) => {
    const { database } = options.servers;
    await database.pause();
    await pause(options, options.longestMs);
    await database.resume();
  },
  "connections broken": (options) => {
    proxyOf(options)?.breakConnections();
    return Promise.resolve();
  },
  "network cut": async (options) => proxyOf(options)?.cut(options.random.between(100, options.longestMs)),
  "network slow": async (options) => proxyOf(options)?.delay(options.random.between(5, 200), options.random.between(500, options.longestMs)),
  "network silent": async (options) =>
    proxyOf(options)?.blackhole(options.random.between(100, options.longestMs), options.random.pick(["goes on", "breaks"])),
};

const proxyOf = ({ random, servers }: NemesisOptions): FaultyServer["proxy"] => random.pick(servers.all).proxy;

/** Up to so long, and not longer than the run. */
const pause = ({ random, signal }: NemesisOptions, longestMs: number): Promise<void> =>
  sleep(random.between(0, longestMs), undefined, { signal }).catch(() => undefined);

/** Every second one is slow: each step of a write takes its time, once. */
function disk(random: Random): NodeJS.ProcessEnv {
  if (random.chance(0.5)) return {};
  const points = ["before-write", "before-commit", "after-commit", "before-notify", "after-notify"];
  const sleeps = points.map((point) => `${point}=sleep:${String(random.between(50, 800))}@${String(random.between(1, 200))}`);
  return { DATAPLANE_FAILPOINTS: sleeps.join(",") };
}

async function jump(clock: ShiftedClock, options: NemesisOptions): Promise<void> {
  clock.shift(options.random.pick([-3600, -61, -1, 1, 61, 3600]));
  await pause(options, 2_000);
}
