import { mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import type { Clock, Logger } from "@dataplane/meta";
import type { Store } from "@dataplane/storage";
import type { EtcdTls } from "@dataplane/storage-etcd";
import { openSqlite, openSqlStore } from "@dataplane/storage-sql";
import type { DatabaseTls, NetworkLocation, StoreLocation } from "./store-location.js";

export interface OpenStoreOptions {
  readonly location: StoreLocation;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * The store at that place. Libraries of databases are loaded when one is asked for. Throws StoreLocked when another server has the file,
 * SchemaTooNew when a newer release wrote it, StoreUnavailable when the database does not answer.
 */
export async function openStore({ location, clock, logger }: OpenStoreOptions): Promise<Store> {
  switch (location.engine) {
    case "sqlite3":
      mkdirSync(path.dirname(location.path), { recursive: true });
      return openSqlStore({ dialect: openSqlite(location.path), clock });
    case "etcd":
      return openEtcd(location, logger);
    default:
      throw new Error(`the engine ${location.engine} is not there yet`);
  }
}

async function openEtcd({ hosts, name, user, password, tls }: NetworkLocation, logger: Logger): Promise<Store> {
  const { openEtcdStore } = await import("@dataplane/storage-etcd");
  return openEtcdStore({
    hosts,
    prefix: name,
    logger,
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { password }),
    ...(tls === undefined ? {} : { tls: etcdTls(tls) }),
  });
}

const etcdTls = ({ mode, caFile, certFile, keyFile }: DatabaseTls): EtcdTls => ({
  mode,
  ...(caFile === undefined ? {} : { ca: readFileSync(caFile) }),
  ...(certFile === undefined ? {} : { cert: readFileSync(certFile) }),
  ...(keyFile === undefined ? {} : { key: readFileSync(keyFile) }),
});
