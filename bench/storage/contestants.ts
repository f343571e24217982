import { existsSync } from "node:fs";
import path from "node:path";
import { startEtcd } from "@dataplane/storage-etcd/testing";
import { startMariadb, startPostgres } from "@dataplane/storage-sql/testing/databases";
import { type Contestant, hasKube, kubeBinaries, openKube, openOurs } from "../apiserver/contestant.js";

/** Who is measured: each opens a server on fresh data; undefined where its database is not installed. */
export const contestants = {
  "ours on SQLite": () => openOurs(),
  "ours on PostgreSQL": async () => {
    const database = await startPostgres();
    return database === undefined ? undefined : onDatabase(database.url(await database.createDatabase()), () => database.stop());
  },
  "ours on MariaDB": async () => {
    const database = await startMariadb();
    return database === undefined ? undefined : onDatabase(database.url(await database.createDatabase()), () => database.stop());
  },
  "ours on etcd": async () => {
    const database = await startEtcd();
    return database === undefined ? undefined : onDatabase(`etcd://${database.hosts.join(",")}`, () => database.stop());
  },
  "kube-apiserver on etcd": async () => (hasKube() ? openKube("etcd") : undefined),
  "kube-apiserver on kine with SQLite": async () => (hasKube() && existsSync(path.join(kubeBinaries, "kine")) ? openKube("kine") : undefined),
} as const satisfies Readonly<Record<string, () => Promise<Contestant | undefined>>>;

export type ContestantName = keyof typeof contestants;

async function onDatabase(url: string, stopDatabase: () => Promise<void>): Promise<Contestant> {
  try {
    const ours = await openOurs({ GF_DATABASE_URL: url, GF_SECURITY_SECRET_KEY: "a key for one run of a benchmark, and no other" });
    const stop = async (): Promise<void> => {
      await ours.stop();
      await stopDatabase();
    };
    return { ...ours, stop };
  } catch (thrown) {
    await stopDatabase();
    throw thrown;
  }
}
