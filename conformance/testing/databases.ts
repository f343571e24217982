import { startEtcd } from "@dataplane/storage-etcd/testing";
import { startMariadb, startPostgres } from "@dataplane/storage-sql/testing/databases";

/** A database of a test's own. */
export interface RunningDatabase {
  /** Environment of a server that keeps its objects there. */
  readonly env: NodeJS.ProcessEnv;
  /** Ends it by SIGKILL; resolves when it serves again, with its data. */
  crash(): Promise<void>;
  stop(): Promise<void>;
}

export interface DatabaseEngine {
  readonly name: string;
  /** What must be installed. */
  readonly needs: string;
  /** Undefined where that is missing. */
  start(): Promise<RunningDatabase | undefined>;
}

/** A database of several servers holds their keys, sealed under this. */
const secretKey = { GF_SECURITY_SECRET_KEY: "for tests only: thirty-two characters or more" };

async function startSql(start: typeof startPostgres | typeof startMariadb): Promise<RunningDatabase | undefined> {
  const server = await start();
  if (server === undefined) return undefined;
  const url = server.url(await server.createDatabase());
  return {
    env: { ...secretKey, GF_DATABASE_URL: url },
    async crash() {
      await server.kill();
      await server.restart();
    },
    stop: () => server.stop(),
  };
}

async function startEtcdCluster(): Promise<RunningDatabase | undefined> {
  const etcd = await startEtcd();
  if (etcd === undefined) return undefined;
  return {
    env: { ...secretKey, GF_GRAFANA_APISERVER_STORAGE_TYPE: "etcd", GF_GRAFANA_APISERVER_ETCD_SERVERS: etcd.hosts.join(",") },
    async crash() {
      await etcd.kill();
      await etcd.restart();
    },
    stop: () => etcd.stop(),
  };
}

/** Where the objects of a server may lie. SQLite is a file in its data folder. */
export const databaseEngines: readonly DatabaseEngine[] = [
  {
    name: "SQLite",
    needs: "nothing",
    start: () => Promise.resolve({ env: {}, crash: () => Promise.resolve(), stop: () => Promise.resolve() }),
  },
  { name: "PostgreSQL", needs: "postgresql", start: () => startSql(startPostgres) },
  { name: "MariaDB", needs: "mariadb-server", start: () => startSql(startMariadb) },
  { name: "etcd", needs: "etcd (conformance/build-tools.sh builds it)", start: startEtcdCluster },
];
