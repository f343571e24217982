import type { startMariadb, startPostgres } from "@dataplane/storage-sql/testing/databases";
import type { FaultyDatabase } from "../engine.js";
import { sharedSecret, throughPort } from "./shared-secret.js";

type Started = Awaited<ReturnType<typeof startMariadb> | ReturnType<typeof startPostgres>>;

/** A new database at that server, which is the run's own. */
export async function sqlDatabase(engine: "mysql" | "postgres", server: Started): Promise<FaultyDatabase | undefined> {
  if (server === undefined) return undefined;
  const { host, port, user, password } = server;
  const name = await server.createDatabase();
  return {
    environment: (proxy) => ({ ...sharedSecret, GF_DATABASE_URL: throughPort(server.url(name), proxy?.port) }),
    address: () => ({ host, port }),
    location: () => ({ engine, hosts: [`${host}:${String(port)}`], name, user, password, maxConnections: 4 }),
    kill: () => server.kill(),
    restart: () => server.restart(),
    pause: () => server.pause(),
    resume: async () => {
      await server.resume();
    },
    stop: () => server.stop(),
  };
}
