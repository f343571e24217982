import { existsSync, mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import type { StoreImport } from "@dataplane/storage";
import { UsageError } from "../command-line.js";
import { writeFileAtomically } from "../write-file.js";
import { readBackup } from "./backup-reader.js";
import { BackupDamaged } from "./backup-record.js";
import { Batches } from "./copy-entries.js";
import { Progress, type ProgressOutput } from "./progress.js";
import type { RestorePlan } from "./restore-plan.js";

export interface RestoreOptions {
  readonly file: string;
  readonly plan: RestorePlan;
  readonly target: StoreImport;
  /** Added to the newest revision, so that whoever saw a later state of the store that was lost is told to read anew. */
  readonly bump: bigint;
  readonly output: ProgressOutput;
}

/** So far ahead of the backup no store can have been that wrote 1000 times a second for a quarter of an hour. */
export const usualBump = 1_000_000n;

/** Fills the target with the state of the plan. Returns its newest revision. */
export async function restore({ file, plan, target, bump, output }: RestoreOptions): Promise<bigint> {
  const progress = new Progress("entries", plan.entries, output);
  const batches = new Batches((entries) => target.put(entries));
  let entries = 0;
  for await (const record of readBackup(file)) {
    // The state at first ends with the first mark; what changed of it afterwards is in the plan.
    if (record.type === "mark" || record.type === "cut") break;
    if (record.type !== "entry") continue;
    entries += 1;
    progress.add(1);
    if (!plan.changed.has(record.entry.key)) await batches.add(record.entry);
  }
  if (entries !== plan.entries) throw new BackupDamaged("the file has changed while it was read");
  for (const entry of plan.changed.values()) if (entry !== undefined) await batches.add(entry);
  await batches.flush();
  progress.end();
  return target.finish(plan.revision + bump);
}

/** Writes the files of the key folder that a backup has. Throws UsageError, before anything is written, when others are there already. */
export function restoreKeys({ files }: Pick<RestorePlan, "files">, directory: string): void {
  if (files.length === 0) throw new UsageError("the backup has no keys: it was made without --keys");
  for (const { name, content } of files) {
    const target = placeOf(directory, name);
    if (existsSync(target) && !readFileSync(target).equals(content))
      throw new UsageError(`${target} is there already, and is another than that of the backup: move it away first`);
  }
  for (const { name, content } of files) {
    const target = placeOf(directory, name);
    mkdirSync(path.dirname(target), { recursive: true, mode: 0o700 });
    writeFileAtomically(target, content, 0o600);
  }
}

/** A file of the folder, whatever the backup says. */
function placeOf(directory: string, name: string): string {
  const target = path.resolve(directory, name);
  if (!target.startsWith(path.resolve(directory) + path.sep)) throw new BackupDamaged(`the file ${JSON.stringify(name)} is of another folder`);
  return target;
}
