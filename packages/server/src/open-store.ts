import { mkdirSync } from "node:fs";
import path from "node:path";
import type { Store } from "@dataplane/storage";
import { openSqlite, openSqlStore } from "@dataplane/storage-sql";

/** The embedded store, in `<data>/dataplane.db`. Throws StoreLocked when another server has it, SchemaTooNew when a newer one wrote it. */
export function openStore(dataPath: string): Promise<Store> {
  mkdirSync(dataPath, { recursive: true });
  return openSqlStore({ dialect: openSqlite(path.join(dataPath, "dataplane.db")) });
}
