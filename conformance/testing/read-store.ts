import { createRequire } from "node:module";
import path from "node:path";
import type { Json } from "./call.js";

const require = createRequire(import.meta.url);

interface Database {
  prepare(sql: string): { get(key: string): Record<string, unknown> | undefined };
  close(): void;
}

/** The object that is stored under a key now, read from the file of SQLite beside the server; undefined when there is none. */
export function storedObject(dataPath: string, key: string): Json | undefined {
  const Open = require("libsql") as new (file: string) => Database;
  const database = new Open(path.join(dataPath, "dataplane.db"));
  try {
    const row = database.prepare("SELECT CAST(value AS TEXT) AS text FROM log JOIN current USING (key, revision) WHERE key = ?").get(key);
    return typeof row?.["text"] === "string" ? (JSON.parse(row["text"]) as Json) : undefined;
  } finally {
    database.close();
  }
}
