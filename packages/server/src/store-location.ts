import path from "node:path";
import { type Config, ConfigError } from "./config/load-config.js";

/** TLS to a database. Certificates are paths of PEM files. */
export interface DatabaseTls {
  readonly mode: "require" | "verify-ca" | "verify-full";
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
}

/** A database behind a network, which several servers may share. */
export interface NetworkLocation {
  readonly engine: "postgres" | "mysql" | "etcd";
  /** host:port; more than one of etcd only. */
  readonly hosts: readonly string[];
  /** Of the database; of etcd what its keys begin with. */
  readonly name: string;
  readonly user?: string;
  readonly password?: string;
  /** Absent: no TLS. */
  readonly tls?: DatabaseTls;
  readonly maxConnections: number;
}

/** Where a store is, by the configuration or by a command line's URL. */
export type StoreLocation = { readonly engine: "sqlite3"; readonly path: string } | NetworkLocation;

type Keys =
  | "dataPath"
  | "databaseType"
  | "databaseUrl"
  | "databaseHost"
  | "databaseName"
  | "databaseUser"
  | "databasePassword"
  | "databasePath"
  | "databaseSslMode"
  | "databaseCaCertPath"
  | "databaseClientCertPath"
  | "databaseClientKeyPath"
  | "databaseMaxOpenConn"
  | "storageType"
  | "etcdServers"
  | "etcdPrefix";

/** Throws ConfigError, which names the keys, for settings that contradict each other. */
export function storeLocation(config: Pick<Config, Keys>): StoreLocation {
  if (config.databaseType === "sqlite3") return { engine: "sqlite3", path: path.resolve(config.dataPath, config.databasePath) };
  throw new ConfigError(`[database] type = ${config.databaseType} is not there yet`);
}
