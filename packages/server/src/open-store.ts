import { mkdirSync } from "node:fs";
import path from "node:path";
import type { Clock, Logger } from "@dataplane/meta";
import type { Store } from "@dataplane/storage";
import { openSqlite, openSqlStore } from "@dataplane/storage-sql";
import type { StoreLocation } from "./store-location.js";

export interface OpenStoreOptions {
  readonly location: StoreLocation;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * The store at that place. Libraries of databases are loaded when one is asked for. Throws StoreLocked when another server has the file,
 * SchemaTooNew when a newer release wrote it, StoreUnavailable when the database does not answer.
 */
export async function openStore({ location, clock }: OpenStoreOptions): Promise<Store> {
  switch (location.engine) {
    case "sqlite3":
      mkdirSync(path.dirname(location.path), { recursive: true });
      return openSqlStore({ dialect: openSqlite(location.path), clock });
    default:
      throw new Error(`the engine ${location.engine} is not there yet`);
  }
}
