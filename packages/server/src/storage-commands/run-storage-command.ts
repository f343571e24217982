import path from "node:path";
import { systemClock } from "@dataplane/meta";
import { RevisionCompacted, StoreDamaged, StoreIncomplete, StoreNotEmpty, StoreUnavailable } from "@dataplane/storage";
import { SchemaTooNew, StoreLocked } from "@dataplane/storage-sql";
import { CannotStart } from "../cannot-start.js";
import type { Config } from "../config/load-config.js";
import { storeLocation } from "../store-location.js";
import { backup, backupAndFollow } from "./backup.js";
import { BackupDamaged } from "./backup-record.js";
import { migrate, SourceChanged } from "./migrate.js";
import { locationOfUrl, nameOf, openExport, openImport } from "./open-copies.js";
import type { ProgressOutput } from "./progress.js";
import { restore, restoreKeys, usualBump } from "./restore.js";
import { planRestore } from "./restore-plan.js";
import type { StorageCommand } from "./storage-command-line.js";
import { verifyStore } from "./verify-store.js";

export interface StorageCommandOptions {
  readonly config: Config;
  /** For what was done. */
  readonly print: (line: string) => void;
  readonly progress: ProgressOutput;
  /** Ends `--follow`. */
  readonly signal: AbortSignal;
}

type Of<Name extends StorageCommand["name"]> = Extract<StorageCommand, { readonly name: Name }>;

/** `dataplane storage …`. Throws CannotStart, with a message for a person, for what cannot be done. */
export async function runStorageCommand(command: StorageCommand, options: StorageCommandOptions): Promise<void> {
  try {
    await run(command, options);
  } catch (error) {
    throw isExpected(error) ? new CannotStart(error.message, { cause: error }) : error;
  }
}

const expected = [
  ...[StoreLocked, SchemaTooNew, StoreNotEmpty, StoreDamaged, StoreUnavailable, StoreIncomplete],
  ...[BackupDamaged, SourceChanged, RevisionCompacted],
];

/** What the world is to blame for: disks, databases, files. */
const isExpected = (error: unknown): error is Error =>
  error instanceof Error && (expected.some((kind) => error instanceof kind) || Reflect.get(error, "syscall") !== undefined);

async function run(command: StorageCommand, options: StorageCommandOptions): Promise<void> {
  switch (command.name) {
    case "storage backup":
      return runBackup(command, options);
    case "storage verify":
      return command.file === undefined ? verifyLive(options) : verifyFile(command.file, options);
    case "storage restore":
      return runRestore(command, options);
    case "storage migrate":
      return runMigrate(command, options);
  }
}

const keysOf = ({ dataPath }: Config): string => path.join(dataPath, "keys");

async function runBackup({ file, keys, follow }: Of<"storage backup">, { config, print, progress, signal }: StorageCommandOptions): Promise<void> {
  const location = storeLocation(config);
  const source = await openExport(location, systemClock);
  const parts = { source, engine: location.engine, file, output: progress, ...(keys ? { keyDirectory: keysOf(config) } : {}) };
  const tell = ({ entries, revision }: { readonly entries: number; readonly revision: bigint }): void =>
    print(`${file} has ${String(entries)} entries of ${nameOf(location)} at revision ${String(revision)}.`);
  try {
    if (follow) {
      const { revision } = await backupAndFollow(parts, signal, tell);
      print(`It was followed up to revision ${String(revision)}.`);
    } else {
      tell(await backup(parts));
    }
  } finally {
    await source.close();
  }
}

async function verifyFile(file: string, { print }: StorageCommandOptions): Promise<void> {
  const { entries, changed, revision, time, isCut, files } = await planRestore(file);
  print(`${file} is whole: ${String(entries)} entries, ${String(files.length)} files of keys, and ${String(changed.size)} keys that changed after.`);
  print(`Its newest state is of revision ${String(revision)}, ${time.toISOString()}.`);
  if (isCut) print("It ends in the middle of a change, which is left out: whoever wrote it was stopped.");
}

// A server may forget the history that is being read.
const verifyAttempts = 3;

async function verifyLive({ config, print, progress }: StorageCommandOptions): Promise<void> {
  const location = storeLocation(config);
  const source = await openExport(location, systemClock);
  try {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const { revision, entries, changes, problems } = await verifyStore(source, progress);
        for (const problem of problems) print(problem);
        if (problems.length > 0) throw new StoreDamaged(`${nameOf(location)} is damaged: ${String(problems.length)} findings`);
        print(`${nameOf(location)} is whole: ${String(entries)} entries and ${String(changes)} changes up to revision ${String(revision)}.`);
        return;
      } catch (error) {
        if (!(error instanceof RevisionCompacted) || attempt === verifyAttempts) throw error;
      }
    }
  } finally {
    await source.close();
  }
}

async function runRestore(command: Of<"storage restore">, { config, print, progress }: StorageCommandOptions): Promise<void> {
  const { file, at, keys, keepRevision } = command;
  const location = storeLocation(config);
  const plan = await planRestore(file, at);
  if (keys) restoreKeys(plan, keysOf(config));
  const target = await openImport(location, systemClock);
  try {
    const revision = await restore({ file, plan, target, bump: keepRevision ? 0n : usualBump, output: progress });
    print(
      `${nameOf(location)} is as it was at revision ${String(plan.revision)}, ${plan.time.toISOString()}; its own newest revision is ${String(revision)}.`,
    );
    if (!target.keepsRevisions) print("Its objects have new resourceVersions: clients read them anew.");
  } finally {
    await target.close();
  }
}

async function runMigrate({ url }: Of<"storage migrate">, { config, print, progress }: StorageCommandOptions): Promise<void> {
  const [from, to] = [storeLocation(config), locationOfUrl(url, config)];
  const source = await openExport(from, systemClock, true);
  try {
    const target = await openImport(to, systemClock);
    try {
      const report = await migrate({ source, target, output: progress });
      print(`${String(report.entries)} entries went from ${nameOf(from)} to ${nameOf(to)}, whose newest revision is ${String(report.to)}.`);
      print("Start the servers with [database] url set to it, and with the same data/keys; the old store was left as it is.");
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}
