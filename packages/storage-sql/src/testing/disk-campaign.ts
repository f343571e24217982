import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { openSqlite } from "../dialects/sqlite.js";
import type { SqliteDriver } from "../dialects/sqlite-driver.js";
import { openSqlStore } from "../sql-store.js";
import { type DiskFault, openFaultyDisk } from "./faulty-disk.js";

export interface DiskCampaign {
  /** The database file; its folder exists. */
  readonly path: string;
  readonly driver: SqliteDriver;
  /** See buildFaultyDisk. */
  readonly library: string;
  readonly execArgv: readonly string[];
}

export interface DiskReport {
  /** Faults that were made, each seen by a writer, each recovered from without a restart; or crashes. */
  readonly rounds: number;
  readonly written: number;
  readonly refused: number;
  readonly unknown: number;
  /** What does not hold: lost writes, writes that were refused and yet are there, revisions given twice. */
  readonly violations: readonly string[];
}

const settleMs = 60;
const patienceMs = 20_000;

/** Makes the disk fail and be well again under a process that writes, so many times, and then kills it. */
export async function runFaultCampaign(campaign: DiskCampaign, fault: DiskFault, rounds: number): Promise<DiskReport> {
  const disk = openFaultyDisk(campaign.library, campaign.path);
  const writer = new Writer(campaign, disk.env, fault.replaceAll(" ", "-"));
  await writer.until("written", 20);
  for (let round = 0; round < rounds; round += 1) {
    disk.fault(fault);
    await writer.until(fault === "EIO on reads" ? "unread" : "refused", 3);
    await new Promise((resolve) => setTimeout(resolve, settleMs));
    // Some are killed as they are: what was said of each write must hold then as well.
    if (round === rounds - 1 && rounds % 2 === 1) break;
    disk.fault("none");
    await writer.until("written", 20);
  }
  await writer.kill();
  disk.fault("none");
  return writer.report(rounds);
}

/** Lets the power fail under a process that writes, so many times: of what was not synced, `loss` of 100 blocks are lost. */
export async function runPowerCampaign(campaign: DiskCampaign, loss: number, rounds: number): Promise<DiskReport> {
  const reports: DiskReport[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const disk = openFaultyDisk(campaign.library, campaign.path);
    const writer = new Writer(campaign, disk.env, `${String(loss)}-${String(round)}`);
    await writer.until("written", 5);
    disk.crash(1 + ((round * 7919) % 400), loss);
    await writer.ended();
    reports.push(await writer.report(1));
  }
  const sum = (of: "rounds" | "written" | "refused" | "unknown"): number => reports.reduce((total, report) => total + report[of], 0);
  const violations = reports.flatMap((report) => report.violations);
  return { rounds: sum("rounds"), written: sum("written"), refused: sum("refused"), unknown: sum("unknown"), violations };
}

class Writer {
  readonly #campaign: DiskCampaign;
  readonly #child: ChildProcessByStdio<null, Readable, null>;
  readonly #written = new Map<string, bigint>();
  readonly #refused = new Set<string>();
  readonly #counts = new Map<string, number>();
  #unknown = 0;
  #ending: Promise<void> | undefined;
  #wake = (): void => undefined;

  constructor(campaign: DiskCampaign, env: Readonly<Record<string, string>>, run: string) {
    this.#campaign = campaign;
    const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
    const script = fileURLToPath(new URL(`./faulty-writer.${extension}`, import.meta.url));
    const argv = [...campaign.execArgv, script, campaign.path, campaign.driver, run];
    this.#child = spawn(process.execPath, argv, { stdio: ["ignore", "pipe", "inherit"], env: { ...process.env, ...env } });
  }

  /** Takes in what it says, to its end. */
  async ended(): Promise<void> {
    this.#ending ??= this.#read();
    await this.#ending;
  }

  /** Resolves after so many more lines that begin with the word. */
  async until(word: string, count: number): Promise<void> {
    this.#ending ??= this.#read();
    const enough = (this.#counts.get(word) ?? 0) + count;
    const end = Date.now() + patienceMs;
    while ((this.#counts.get(word) ?? 0) < enough) {
      if (Date.now() > end || this.#child.exitCode !== null) throw new Error(`the writer did not say "${word}" ${String(count)} times`);
      await Promise.race([new Promise<void>((resolve) => (this.#wake = resolve)), new Promise((resolve) => setTimeout(resolve, 1000))]);
    }
  }

  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.ended();
  }

  /** What the store says afterwards, on a disk that is well. */
  async report(rounds: number): Promise<DiskReport> {
    const store = await openSqlStore({ dialect: openSqlite(this.#campaign.path, { driver: this.#campaign.driver }) });
    const { entries, revision } = await store.list("/disk/");
    await store.close();
    const found = new Map(entries.map((entry) => [entry.key, entry]));
    const violations: string[] = [];
    for (const [key, at] of this.#written) {
      const entry = found.get(key);
      if (at > revision || entry?.revision !== at) violations.push(`${key} at ${String(at)} was acknowledged, and is ${String(entry?.revision)}`);
      else if (!Buffer.from(entry.value).toString().startsWith(key)) violations.push(`${key} has another value`);
    }
    for (const key of this.#refused) if (found.has(key)) violations.push(`${key} was refused, and is there`);
    if (new Set(this.#written.values()).size !== this.#written.size) violations.push("a revision was given twice");
    return { rounds, written: this.#written.size, refused: this.#refused.size, unknown: this.#unknown, violations };
  }

  async #read(): Promise<void> {
    const closed = once(this.#child, "close");
    for await (const line of createInterface({ input: this.#child.stdout })) {
      const [word = "", key = "", detail] = line.split(" ");
      // The last line may be cut.
      if (detail === undefined) continue;
      if (word === "written") this.#written.set(key, BigInt(detail));
      if (word === "refused") this.#refused.add(key);
      if (word === "unknown") this.#unknown += 1;
      this.#counts.set(word, (this.#counts.get(word) ?? 0) + 1);
      this.#wake();
    }
    await closed;
  }
}
