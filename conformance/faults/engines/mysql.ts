import { startMariadb } from "@dataplane/storage-sql/testing/databases";
import type { FaultyDatabase } from "../engine.js";
import { sharedSecret, throughPort } from "./shared-secret.js";

export async function openMysql(): Promise<FaultyDatabase | undefined> {
  const server = await startMariadb();
  if (server === undefined) return undefined;
  const { host, port, user, password } = server;
  const name = await server.createDatabase();
  return {
    environment: (proxy) => ({ ...sharedSecret, GF_DATABASE_URL: throughPort(server.url(name), proxy?.port) }),
    address: () => ({ host, port }),
    location: () => ({ engine: "mysql", hosts: [`${host}:${String(port)}`], name, user, password, maxConnections: 4 }),
    kill: () => server.kill(),
    restart: () => server.restart(),
    pause: () => server.pause(),
    resume: () => {
      server.resume();
      return Promise.resolve();
    },
    stop: () => server.stop(),
  };
}
