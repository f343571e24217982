import { mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import type { Clock, Logger } from "@dataplane/meta";
import { requireComplete, type Store } from "@dataplane/storage";
import type { EtcdTls } from "@dataplane/storage-etcd";
import { mysqlDialect, type NetworkDialect, openNetwork, openSqlite, openSqlStore, postgresDialect } from "@dataplane/storage-sql";
import { ConfigError } from "./config/load-config.js";
import { type DatabaseTls, hostAndPort, type NetworkLocation, type StoreLocation } from "./store-location.js";

export interface OpenStoreOptions {
  readonly location: StoreLocation;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * The store at that place. Libraries of databases are loaded when one is asked for. Throws StoreLocked when another server has the file,
 * SchemaTooNew when a newer release wrote it, StoreUnavailable when the database does not answer, StoreIncomplete when a restore was cut short.
 */
export async function openStore(options: OpenStoreOptions): Promise<Store> {
  const store = await openAny(options);
  try {
    await requireComplete(store);
    return store;
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** The same, also while it is filled from elsewhere. */
export async function openAny({ location, clock, logger }: OpenStoreOptions): Promise<Store> {
  switch (location.engine) {
    case "sqlite3":
      mkdirSync(path.dirname(location.path), { recursive: true });
      return openSqlStore({ dialect: openSqlite(location.path), clock });
    case "postgres":
    case "mysql":
      return openSqlStore({ dialect: openNetwork(networkDialect(location), { maxConnections: location.maxConnections, clock }), clock });
    case "etcd":
      return openEtcd(location, logger);
  }
}

/** The libraries themselves are loaded when it connects. */
export function networkDialect({ engine, hosts: [host = ""], name, user = "", password = "", tls }: NetworkLocation): NetworkDialect {
  const place = { ...hostAndPort(host), database: name, user, password };
  const files = tls === undefined ? undefined : { mode: tls.mode, ...certificatesOf(tls) };
  if (engine === "mysql") return mysqlDialect({ ...place, ...(files === undefined ? {} : { tls: files }) });
  return postgresDialect({ ...place, ...(files === undefined ? {} : { tls: files }) });
}

function certificatesOf({ caFile, certFile, keyFile }: DatabaseTls) {
  const read = (key: string, file: string): string => {
    try {
      return readFileSync(file, "utf8");
    } catch (error) {
      throw new ConfigError(`[database] ${key}: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  return {
    ...(caFile === undefined ? {} : { ca: read("ca_cert_path", caFile) }),
    ...(certFile === undefined ? {} : { cert: read("client_cert_path", certFile) }),
    ...(keyFile === undefined ? {} : { key: read("client_key_path", keyFile) }),
  };
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

function etcdTls(tls: DatabaseTls): EtcdTls {
  const { ca, cert, key } = certificatesOf(tls);
  const bytes = (name: "ca" | "cert" | "key", text: string | undefined) => (text === undefined ? {} : { [name]: Buffer.from(text) });
  return { mode: tls.mode, ...bytes("ca", ca), ...bytes("cert", cert), ...bytes("key", key) };
}
