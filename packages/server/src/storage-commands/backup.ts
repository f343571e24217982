import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { type Change, changeKey, changeRevision, RevisionCompacted, type StoreExport, type WriteChange } from "@dataplane/storage";
import { BackupWriter } from "./backup-writer.js";
import { entriesOf, withExpiry } from "./copy-entries.js";
import { Progress, type ProgressOutput } from "./progress.js";

export interface BackupOptions {
  readonly source: StoreExport;
  readonly engine: string;
  /** The file that is written. */
  readonly file: string;
  /** Folder whose files are taken along: the keys without which sealed values cannot be read. */
  readonly keyDirectory?: string;
  readonly output: ProgressOutput;
}

export interface BackupReport {
  readonly revision: bigint;
  readonly entries: number;
}

// The history may be forgotten while a large store is read slowly.
const attempts = 3;

/** Everything that is there at one revision, while servers write. The file is whole, and on the disk, when this resolves. */
export async function backup(options: BackupOptions): Promise<BackupReport> {
  const writer = await written(options);
  writer.close();
  return writer;
}

/** The same, and then each change as it comes to be, until `signal` aborts. */
export async function backupAndFollow(options: BackupOptions, signal: AbortSignal, onBase: (report: BackupReport) => void): Promise<BackupReport> {
  const base = await written(options);
  try {
    onBase(base);
    return await follow(options.source, base, signal);
  } finally {
    base.close();
  }
}

interface WrittenBase extends BackupReport {
  readonly writer: BackupWriter;
  close(): void;
}

async function written(options: BackupOptions): Promise<WrittenBase> {
  for (let attempt = 1; ; attempt += 1) {
    const writer = new BackupWriter(options.file);
    try {
      const report = await writeBase(options, writer);
      return { ...report, writer, close: () => writer.close() };
    } catch (error) {
      writer.close();
      if (!(error instanceof RevisionCompacted) || attempt === attempts) throw error;
    }
  }
}

async function writeBase({ source, engine, keyDirectory, output }: BackupOptions, writer: BackupWriter): Promise<BackupReport> {
  const revision = await source.revision();
  const progress = new Progress("entries", await source.count(), output);
  const time = new Date();
  writer.write({ type: "backup", version: 1, engine, revision, time });
  let entries = 0;
  for await (const page of entriesOf(source, revision)) {
    for (const entry of page) writer.write({ type: "entry", entry });
    entries += page.length;
    progress.add(page.length);
  }
  if (keyDirectory !== undefined) for (const file of filesOf(keyDirectory)) writer.write({ type: "file", ...file });
  writer.mark(revision, time);
  progress.end();
  return { revision, entries };
}

function filesOf(directory: string): readonly { readonly name: string; readonly content: Uint8Array }[] {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.map((entry) => {
    const full = path.join(entry.parentPath, entry.name);
    return { name: path.relative(directory, full).split(path.sep).join("/"), content: readFileSync(full) };
  });
}

// Changes that come together are made durable together.
const groupMs = 200;

async function follow(source: StoreExport, { writer, revision: start, entries: base }: WrittenBase, signal: AbortSignal): Promise<BackupReport> {
  let revision = start;
  let entries = base;
  let group: WriteChange[] = [];
  let begun = 0;
  const flush = async (): Promise<void> => {
    if (group.length === 0) return;
    await writeChanges(source, writer, group);
    revision = changeRevision(group.at(-1) ?? { type: "progress", revision });
    entries += group.length;
    group = [];
  };
  for await (const change of source.changes(start, signal)) {
    if (isWrite(change)) {
      if (group.length === 0) begun = performance.now();
      group.push(change);
    }
    if (!isWrite(change) || performance.now() - begun >= groupMs) await flush();
  }
  await flush();
  return { revision, entries };
}

const isWrite = (change: Change): change is WriteChange => change.type !== "progress";

async function writeChanges(source: StoreExport, writer: BackupWriter, changes: readonly WriteChange[]): Promise<void> {
  const expiries = await source.expiries();
  const time = new Date();
  for (const change of changes) {
    if (change.type === "put" && change.entry.damage !== undefined) throw change.entry.damage;
    if (change.type === "put") writer.write({ type: "put", entry: withExpiry(change.entry, expiries.get(changeKey(change))), time });
    else writer.write({ type: "delete", key: change.key, revision: change.revision, time });
  }
  writer.mark(changeRevision(changes.at(-1) ?? { type: "progress", revision: 0n }), time);
}
