import { setMaxListeners } from "node:events";
import { rmSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Random } from "../testing/random.js";
import { checkHistory } from "./check-history.js";
import { checkWatches } from "./check-watches.js";
import { runClients } from "./clients.js";
import { collection, itemsOf, namespace, revisionOf } from "./config-maps.js";
import { type EngineName, openDatabase } from "./engine.js";
import { History } from "./history.js";
import { ask, type Outcome } from "./request.js";
import { FaultyServers } from "./servers.js";
import { ShiftedClock } from "./shifted-clock.js";
import { readStoreLog } from "./store-log.js";
import { runWatchers, type WatchSession } from "./watchers.js";

export interface HistoryOptions {
  readonly engine: EngineName;
  readonly servers: number;
  readonly seed: number;
  /** Where the history is written; it is removed when nothing is wrong. */
  readonly folder: string;
  readonly clients?: number;
  readonly watchers?: number;
  /** Of the servers. */
  readonly environment?: NodeJS.ProcessEnv;
  /** Clients and watches run until it resolves; then all must be well again. Returns how many of which fault there were. */
  readonly disturb: (run: DisturbedRun) => Promise<Readonly<Record<string, number>>>;
  /** False where the store forgets: then operations are checked by themselves alone. True unless told. */
  readonly keepsLog?: boolean;
}

export interface DisturbedRun {
  readonly servers: FaultyServers;
  readonly history: History;
  readonly random: Random;
  /** Shared by all servers; undefined where the clock cannot be moved. */
  readonly clock: ShiftedClock | undefined;
}

export interface HistoryReport {
  readonly operations: number;
  readonly answered: number;
  readonly changes: number;
  readonly watches: number;
  readonly events: number;
  readonly gone: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly violations: readonly string[];
  readonly undecided: readonly string[];
  /** Kept when there is something to look at. */
  readonly file: string;
}

/** One history: clients, watches and faults at once, then all of it checked. Undefined where the engine is not installed. */
export async function runHistory(options: HistoryOptions): Promise<HistoryReport | undefined> {
  const database = await openDatabase(options.engine);
  if (database === undefined) return undefined;
  const file = path.join(options.folder, `${options.engine}-${String(options.servers)}-${String(options.seed)}.jsonl`);
  const history = new History(file);
  const clock = ShiftedClock.create();
  const servers = await FaultyServers.start(database, options.servers, { ...clock?.environment, ...options.environment });
  try {
    const recorded = await record(options, { servers, history, clock, random: new Random(options.seed) });
    history.close();
    const report = { ...(await check(recorded, history)), file };
    if (report.violations.length + report.undecided.length === 0) rmSync(file);
    return report;
  } finally {
    await servers.stop();
    clock?.remove();
  }
}

interface Recorded {
  readonly sessions: readonly WatchSession[];
  readonly log: Awaited<ReturnType<typeof readStoreLog>>;
  readonly faults: Readonly<Record<string, number>>;
}

/** Behind the last fault, clients and watches go on for a moment in peace. */
async function record(options: HistoryOptions, run: DisturbedRun): Promise<Recorded> {
  const { servers, history, random } = run;
  const oldest = await createNamespace(servers);
  const [clientsEnd, settling, watchesEnd] = [new AbortController(), new AbortController(), new AbortController()];
  setMaxListeners(0, watchesEnd.signal);
  const shared = { history, random, server: servers.pick };
  const running = runClients({ ...shared, clients: options.clients ?? 64, pauseMs: 80, signal: clientsEnd.signal });
  const { watchers = 12 } = options;
  const watching = runWatchers({ ...shared, watchers, signal: watchesEnd.signal, settling: settling.signal, oldest });
  const faults = await options.disturb(run).catch((error: unknown) => {
    clientsEnd.abort();
    watchesEnd.abort();
    throw error;
  });
  await sleep(1_000);
  settling.abort();
  clientsEnd.abort();
  await running;
  await listEverywhere(servers, history);
  await sleep(2_500);
  watchesEnd.abort();
  const sessions = await watching;
  await servers.stopServers();
  if (options.keepsLog === false) return { sessions: [], log: [], faults };
  const log = await readStoreLog(servers.database.location(servers.all[0]?.dataPath ?? ""), oldest);
  history.recordLog(log);
  return { sessions, log, faults };
}

async function check({ sessions, log, faults }: Recorded, history: History): Promise<Omit<HistoryReport, "file">> {
  const { violations, undecided, changes, operations } = await checkHistory(history.file);
  const watches = checkWatches(sessions, log);
  return {
    operations,
    answered: history.answered,
    changes,
    watches: watches.sessions,
    events: watches.events,
    gone: watches.gone,
    faults,
    violations: [...violations, ...watches.faults, ...history.unexpected],
    undecided,
  };
}

/** The revision at which none of our objects is there yet. */
async function createNamespace({ all }: FaultyServers): Promise<number> {
  const url = all[0]?.url ?? "";
  wanted(await ask({ method: "POST", url: `${url}/api/v1/namespaces`, body: { metadata: { name: namespace } }, timeoutMs: 10_000 }), 201);
  return revisionOf(wanted(await ask({ method: "GET", url: `${url}${collection}`, timeoutMs: 10_000 }), 200));
}

/** At the end each server tells the same. */
async function listEverywhere({ all }: FaultyServers, history: History): Promise<void> {
  for (const [index, { url }] of all.entries()) {
    const call = history.now();
    const list = wanted(await ask({ method: "GET", url: `${url}${collection}`, timeoutMs: 10_000 }), 200);
    history.record({
      client: 2000 + index,
      call,
      return: history.now(),
      kind: "list",
      outcome: "ok",
      revision: revisionOf(list),
      items: itemsOf(list),
    });
  }
}

function wanted(outcome: Outcome, status: number) {
  if (outcome.status !== status) throw new Error(`expected ${String(status)}: ${JSON.stringify(outcome)}`);
  return outcome.body;
}
