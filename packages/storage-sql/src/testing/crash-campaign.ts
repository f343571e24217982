import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Store } from "@dataplane/storage";
import { openSqlite } from "../dialects/sqlite.js";
import type { SqliteDriver } from "../dialects/sqlite-driver.js";
import { openSqlStore } from "../sql-store.js";

export interface CrashCampaign {
  /** The database file; its folder exists. */
  readonly path: string;
  readonly driver: SqliteDriver;
  /** How often the writing process is killed. */
  readonly runs: number;
  /** The node options that let a process run this package's files, such as those of tsx; none for dist. */
  readonly execArgv: readonly string[];
}

export interface CrashReport {
  readonly kills: number;
  readonly acknowledged: number;
  /** Acknowledged writes that the store did not have after the kill. */
  readonly lost: readonly string[];
  /** Revisions that were acknowledged twice. */
  readonly reused: readonly bigint[];
}

interface Acknowledged {
  readonly key: string;
  readonly revision: bigint;
  readonly value: string;
}

/** Kills a process that writes with all its might, again and again, and looks after each kill for what it was told is durable. */
export async function runCrashCampaign({ path, driver, runs, execArgv }: CrashCampaign): Promise<CrashReport> {
  const all = new Map<bigint, Acknowledged>();
  const lost: string[] = [];
  const reused: bigint[] = [];
  for (let run = 0; run < runs; run += 1) {
    // Spread over the run, so that each part of a commit is hit.
    const acknowledged = await writeAndKill({ path, driver, execArgv, killAfter: 1 + ((run * 7919) % 400) });
    for (const each of acknowledged) {
      if (all.has(each.revision)) reused.push(each.revision);
      all.set(each.revision, each);
    }
    const store = await openSqlStore({ dialect: openSqlite(path, { driver }) });
    lost.push(...(await missing(store, acknowledged)));
    await store.close();
  }
  return { kills: runs, acknowledged: all.size, lost, reused };
}

async function writeAndKill({
  path,
  driver,
  execArgv,
  killAfter,
}: Omit<CrashCampaign, "runs"> & { readonly killAfter: number }): Promise<Acknowledged[]> {
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  const script = fileURLToPath(new URL(`./crash-writer.${extension}`, import.meta.url));
  const child = spawn(process.execPath, [...execArgv, script, path, driver], { stdio: ["ignore", "pipe", "inherit"] });
  const closed = once(child, "close");
  const acknowledged: Acknowledged[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    // The last line may be cut before its value; it then says nothing.
    const [key, revision, value] = line.split(" ");
    if (key !== undefined && revision !== undefined && value !== undefined) acknowledged.push({ key, revision: BigInt(revision), value });
    if (acknowledged.length >= killAfter) child.kill("SIGKILL");
  }
  await closed;
  return acknowledged;
}

/** Those whose key is neither as acknowledged nor, if it is written often, newer. */
async function missing(store: Store, acknowledged: readonly Acknowledged[]): Promise<string[]> {
  const revision = await store.revision();
  const entries = new Map((await store.list("/crash/")).entries.map((entry) => [entry.key, entry]));
  return acknowledged
    .filter(({ key, revision: at, value }) => {
      const entry = entries.get(key);
      // The process may have died within its last line.
      const same = entry?.revision === at && Buffer.from(entry.value).toString().startsWith(value);
      return at > revision || !(same || (entry !== undefined && entry.revision > at));
    })
    .map(({ key, revision: at }) => `${key} at ${String(at)}`);
}
