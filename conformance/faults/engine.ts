import { startMariadb, startPostgres } from "@dataplane/storage-sql/testing/databases";
import type { StoreLocation } from "../../packages/server/src/store-location.js";
import { openEtcd } from "./engines/etcd.js";
import { sqlDatabase } from "./engines/sql-database.js";
import { openSqlite } from "./engines/sqlite.js";
import type { TcpProxy } from "./tcp-proxy.js";

/** A database for one run, and what may happen to it. */
export interface FaultyDatabase {
  /** What a server on it is told by its environment; through its own proxy, where there is one. */
  environment(proxy: TcpProxy | undefined): NodeJS.ProcessEnv;
  /** Where its process listens; undefined where there is none. */
  readonly address?: () => { readonly host: string; readonly port: number };
  /** How this process reads it when the run is over. `dataPath` is the folder of a server. */
  location(dataPath: string): StoreLocation;
  /** SIGKILL. */
  kill(): Promise<void>;
  restart(): Promise<void>;
  /** SIGSTOP. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  stop(): Promise<void>;
}

export const engineNames = ["sqlite", "postgres", "mysql", "etcd"] as const;
export type EngineName = (typeof engineNames)[number];

/** Starts one of these databases for a run. */
export type OpenDatabase = () => Promise<FaultyDatabase | undefined>;

const engines: Readonly<Record<EngineName, OpenDatabase>> = {
  sqlite: openSqlite,
  postgres: async () => sqlDatabase("postgres", await startPostgres()),
  mysql: async () => sqlDatabase("mysql", await startMariadb()),
  etcd: openEtcd,
};

/** Undefined where its programs are not installed. */
export const openDatabase = (engine: EngineName): Promise<FaultyDatabase | undefined> => engines[engine]();
