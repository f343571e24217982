import { createRequire } from "node:module";
import { StoreDamaged } from "@dataplane/storage";

export type SqlValue = string | number | null | Uint8Array;
export type Row = Readonly<Record<string, unknown>>;

export interface Statement {
  run(...values: readonly SqlValue[]): unknown;
  get(...values: readonly SqlValue[]): Row | undefined;
  all(...values: readonly SqlValue[]): readonly Row[];
}

/** What the dialect asks of a synchronous SQLite library. One value alone must not be bytes: libsql takes it for named parameters. */
export interface Database {
  exec(sql: string): unknown;
  prepare(sql: string): Statement;
  close(): unknown;
}

export type SqliteDriver = "node" | "libsql";

const require = createRequire(import.meta.url);

/** Node's own SQLite where it needs no flag (from 22.13), else libsql, which comes built. */
export const defaultDriver = (): SqliteDriver => (nodeHasSqlite() ? "node" : "libsql");

export function nodeHasSqlite(): boolean {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  return major > 22 || (major === 22 && minor >= 13);
}

type Constructor = new (path: string) => Database;

/** Opens the file `path` and makes it if it is not there. */
export function openDatabase(driver: SqliteDriver, path: string): Database {
  const Open = driver === "node" ? exportOf(require("node:sqlite"), "DatabaseSync") : exportOf(require("libsql"), undefined);
  return new Open(path);
}

// Both libraries' types say more than this, and one of them only where Node is new enough.
function exportOf(module: unknown, name: string | undefined): Constructor {
  const value: unknown = name === undefined ? module : Reflect.get(Object(module), name);
  if (typeof value !== "function") throw new TypeError("the SQLite library has another form than expected");
  return value as Constructor;
}

/** Columns have the types that they were written with: anything else is damage. */
export function numberOf(row: Row | undefined, column: string): number {
  const value = row?.[column];
  if (typeof value === "number") return value;
  throw damagedColumn(column);
}

export function textOf(row: Row, column: string): string {
  const value = row[column];
  if (typeof value === "string") return value;
  throw damagedColumn(column);
}

/** The bytes, in memory of their own. libsql gives a Buffer for one row and ArrayBuffers for many. */
export function bytesOf(row: Row, column: string): Uint8Array {
  const value = row[column];
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (value instanceof Uint8Array) return value.byteLength === value.buffer.byteLength ? new Uint8Array(value.buffer) : new Uint8Array(value);
  throw damagedColumn(column);
}

const damagedColumn = (column: string): StoreDamaged => new StoreDamaged(`the database file is damaged: a column ${column} holds something else`);
