import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { BackupDamaged, type BackupRecord, decodeRecord } from "./backup-record.js";

/** A line that is not there, since the file ends within it. */
export type ReadRecord = BackupRecord | { readonly type: "cut" };

const lineFeed = 0x0a;

/**
 * The records of a backup, each proven by its checksum, each mark by all that is before it. Throws BackupDamaged. A file that ends in the middle of
 * something gives `cut` last.
 */
export async function* readBackup(path: string): AsyncGenerator<ReadRecord, void, undefined> {
  const digest = createHash("sha256");
  let lines = 0;
  for await (const line of linesOf(path)) {
    if (line === undefined) {
      yield { type: "cut" };
      return;
    }
    const record = decodeRecord(line.subarray(0, -1).toString(), lines + 1);
    if (record.type === "mark" && (record.lines !== lines || record.digest !== digest.copy().digest("hex")))
      throw new BackupDamaged(`lines are missing, or have changed, before line ${String(lines + 1)}`);
    if (lines === 0 && record.type !== "backup") throw new BackupDamaged("the file does not begin as a backup does");
    digest.update(line);
    lines += 1;
    yield record;
  }
  if (lines === 0) throw new BackupDamaged("there is nothing in the file");
}

/** Whole lines with their line feeds; undefined last when the file is cut. */
async function* linesOf(path: string): AsyncGenerator<Buffer | undefined, void, undefined> {
  const source = createReadStream(path);
  const unzipped = createGunzip();
  const done = pipeline(source, unzipped).then(
    () => undefined,
    (error: unknown) => error,
  );
  let rest: Buffer = Buffer.alloc(0);
  try {
    for await (const chunk of unzipped as AsyncIterable<Buffer>) {
      const { lines, tail } = split(rest.length === 0 ? chunk : Buffer.concat([rest, chunk]));
      rest = tail;
      yield* lines;
    }
  } catch (error) {
    if (Reflect.get(Object(error), "code") !== "Z_BUF_ERROR") throw notABackup(error);
    yield undefined;
    return;
  } finally {
    source.destroy();
    await done;
  }
  if (rest.length > 0) yield undefined;
}

function notABackup(error: unknown): Error {
  if (Reflect.get(Object(error), "syscall") !== undefined && error instanceof Error) return error;
  return new BackupDamaged(`the file cannot be unzipped: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
}

function split(bytes: Buffer): { readonly lines: readonly Buffer[]; readonly tail: Buffer } {
  const lines: Buffer[] = [];
  let start = 0;
  for (let end = bytes.indexOf(lineFeed, start); end >= 0; end = bytes.indexOf(lineFeed, start)) {
    lines.push(bytes.subarray(start, end + 1));
    start = end + 1;
  }
  return { lines, tail: bytes.subarray(start) };
}
