import { crc32 } from "node:zlib";
import { isJsonObject, type JsonObject } from "@dataplane/meta";
import type { CopiedEntry } from "@dataplane/storage";

/**
 * One line of a backup. A file is lines of text, gzipped: `backup`, then each `entry` there was at its revision (and each `file` of data/keys, when
 * asked for), then a `mark`; with `--follow`, changes as they came to be, each group of them ended by a `mark`.
 */
export type BackupRecord =
  | { readonly type: "backup"; readonly version: 1; readonly engine: string; readonly revision: bigint; readonly time: Date }
  | { readonly type: "entry"; readonly entry: CopiedEntry }
  | { readonly type: "file"; readonly name: string; readonly content: Uint8Array }
  | { readonly type: "put"; readonly entry: CopiedEntry; readonly time: Date }
  | { readonly type: "delete"; readonly key: string; readonly revision: bigint; readonly time: Date }
  /** All before it is whole: so many lines, whose SHA-256 it is. The state is that of `revision`. */
  | { readonly type: "mark"; readonly revision: bigint; readonly time: Date; readonly lines: number; readonly digest: string };

/** What is in the file is not what was written, or no backup. */
export class BackupDamaged extends Error {
  override readonly name = "BackupDamaged";
}

/** `<CRC-32 of the JSON, eight hexadecimal digits> <JSON>` and a line feed. */
export function encodeRecord(record: BackupRecord): Buffer {
  const text = JSON.stringify(fieldsOf(record));
  return Buffer.from(`${checksumOf(text)} ${text}\n`);
}

/** Throws BackupDamaged. `line` is its number in the file, for the message. */
export function decodeRecord(text: string, line: number): BackupRecord {
  const json = text.slice(9);
  if (text.charAt(8) !== " " || text.slice(0, 8) !== checksumOf(json)) throw new BackupDamaged(`line ${String(line)} is damaged${keyIn(json)}`);
  const fields: unknown = JSON.parse(json);
  const record = isJsonObject(fields) ? recordOf(fields) : undefined;
  if (record === undefined) throw new BackupDamaged(`line ${String(line)} is none that this release knows`);
  return record;
}

const checksumOf = (text: string): string => crc32(text).toString(16).padStart(8, "0");

/** Whose line it was, if that part is still to be read. */
function keyIn(json: string): string {
  const key = /"key":("(?:[^"\\]|\\.)*")/.exec(json)?.[1];
  return key === undefined ? "" : `: the value of ${key}`;
}

function fieldsOf(record: BackupRecord): JsonObject {
  switch (record.type) {
    case "backup":
      return { type: "backup", version: 1, engine: record.engine, revision: String(record.revision), time: record.time.toISOString() };
    case "entry":
      return { type: "entry", ...entryFields(record.entry) };
    case "file":
      return { type: "file", name: record.name, content: base64(record.content) };
    case "put":
      return { type: "put", time: record.time.toISOString(), ...entryFields(record.entry) };
    case "delete":
      return { type: "delete", time: record.time.toISOString(), key: record.key, revision: String(record.revision) };
    case "mark":
      return { type: "mark", revision: String(record.revision), time: record.time.toISOString(), lines: record.lines, digest: record.digest };
  }
}

const entryFields = ({ key, revision, expires, value }: CopiedEntry): JsonObject => ({
  key,
  revision: String(revision),
  ...(expires === undefined ? {} : { expires }),
  value: base64(value),
});

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");

/** The checksum was right: what is not as expected is of a later release. */
function recordOf(fields: JsonObject): BackupRecord | undefined {
  const { type, time, lines, digest, engine, name, content, key, version } = fields;
  const revision = typeof fields["revision"] === "string" && /^\d{1,16}$/.test(fields["revision"]) ? BigInt(fields["revision"]) : 0n;
  const at = new Date(typeof time === "string" ? time : 0);
  const entry = entryOf(fields, revision);
  if (type === "backup" && version === 1 && typeof engine === "string") return { type, version, engine, revision, time: at };
  if (type === "entry" && entry !== undefined) return { type, entry };
  if (type === "put" && entry !== undefined) return { type, entry, time: at };
  if (type === "file" && typeof name === "string" && typeof content === "string") return { type, name, content: Buffer.from(content, "base64") };
  if (type === "delete" && typeof key === "string") return { type, key, revision, time: at };
  if (type === "mark" && typeof lines === "number" && typeof digest === "string") return { type, revision, time: at, lines, digest };
  return undefined;
}

function entryOf({ key, value, expires }: JsonObject, revision: bigint): CopiedEntry | undefined {
  if (typeof key !== "string" || typeof value !== "string") return undefined;
  return { key, revision, value: Buffer.from(value, "base64"), ...(typeof expires === "number" ? { expires } : {}) };
}
