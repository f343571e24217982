import { type ChildProcess, spawn } from "node:child_process";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { call } from "../testing/call.js";
import { bareEnvironment } from "../testing/run-process.js";

/** What clients saw of some messages. */
export interface Seen {
  /** Messages of the client that got fewest, and of the one that got most. */
  readonly least: number;
  readonly most: number;
  /** Connections that are closed. */
  readonly closed: number;
  /** Counts by delay in milliseconds, from the publisher's request to the client's socket. */
  readonly delays: readonly (readonly [number, number])[];
}

/** Many clients of one channel, in processes of their own. */
export interface Clients {
  /** What all saw since the last call. */
  seen(): Promise<Seen>;
  stop(): void;
}

/** Resolves when all are subscribed. */
export async function startClients(url: string, channel: string, { count, processes }: { count: number; processes: number }): Promise<Clients> {
  const each = Array.from({ length: processes }, (_, index) => Math.floor((count + index) / processes));
  const groups = await Promise.all(each.map((some) => startGroup(new URL(url).port, channel, some)));
  return {
    seen: async () => (await Promise.all(groups.map((group) => group.seen()))).reduce(joined, nothing),
    stop: () => {
      for (const group of groups) group.stop();
    },
  };
}

async function startGroup(port: string, channel: string, count: number): Promise<Clients> {
  const script = path.join(import.meta.dirname, "sockets.mjs");
  const child = spawn(process.execPath, [script, port, channel, String(count)], { env: bareEnvironment(), stdio: ["pipe", "pipe", "inherit"] });
  const lines: AsyncIterator<string, unknown> = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<string> => {
    const line = await lines.next();
    if (line.done === true) throw new Error(`the clients ended (${String(child.exitCode)})`);
    return line.value;
  };
  if ((await next()) !== "ready") throw new Error("the clients are not ready");
  return { seen: () => ask(child, next), stop: () => child.stdin.end() };
}

async function ask(child: ChildProcess, next: () => Promise<string>): Promise<Seen> {
  child.stdin?.write("\n");
  return JSON.parse(await next()) as Seen;
}

const nothing: Seen = { least: Number.POSITIVE_INFINITY, most: 0, closed: 0, delays: [] };

const joined = (a: Seen, b: Seen): Seen => ({
  least: Math.min(a.least, b.least),
  most: Math.max(a.most, b.most),
  closed: a.closed + b.closed,
  delays: [...a.delays, ...b.delays],
});

/** The delay that so large a part of the messages kept, in milliseconds. */
export function delayOf({ delays }: Pick<Seen, "delays">, part: number): number {
  const sorted = [...delays].sort(([a], [b]) => a - b);
  const total = sorted.reduce((sum, [, count]) => sum + count, 0);
  let passed = 0;
  for (const [ms, count] of sorted) {
    passed += count;
    if (passed >= total * part) return ms;
  }
  return 0;
}

/**
 * Publishes over HTTP at a steady rate, whether or not the one before was answered, until the signal aborts. Each message says when it was
 * sent, by the clock that all processes of a machine share. Resolves with how many there were.
 */
export async function publishSteadily(
  url: string,
  channel: string,
  { perSecond, signal }: { perSecond: number; signal: AbortSignal },
): Promise<number> {
  const sent: Promise<void>[] = [];
  const began = performance.now();
  while (!signal.aborted) {
    sent.push(publish(url, channel, `{"at":${process.hrtime.bigint() / 1000n}}`));
    await sleep(Math.max(0, began + (sent.length * 1000) / perSecond - performance.now()), undefined, { signal }).catch(() => undefined);
  }
  await Promise.all(sent);
  return sent.length;
}

/** `data` is JSON. Rejects when it is refused. */
export async function publish(url: string, channel: string, data: string): Promise<void> {
  const answer = await call(`${url}/api/live/publish`, { body: `{"channel":${JSON.stringify(channel)},"data":${data}}` });
  if (answer.status !== 200) throw new Error(`publishing: ${String(answer.status)} ${answer.text}`);
}
