import { startEtcd } from "@dataplane/storage-etcd/testing";
import type { FaultyDatabase } from "../engine.js";
import { sharedSecret } from "./shared-secret.js";

const prefix = "/dataplane";

/** One member: what is to be found is in how we use it. */
export async function openEtcd(): Promise<FaultyDatabase | undefined> {
  const cluster = await startEtcd();
  const [member = ""] = cluster?.hosts ?? [];
  if (cluster === undefined) return undefined;
  const [host = "", port] = member.split(":");
  return {
    environment: (proxy) => ({
      ...sharedSecret,
      GF_DATABASE_TYPE: "etcd",
      GF_GRAFANA_APISERVER_ETCD_SERVERS: proxy === undefined ? member : `127.0.0.1:${String(proxy.port)}`,
      GF_GRAFANA_APISERVER_ETCD_PREFIX: prefix,
    }),
    address: () => ({ host, port: Number(port) }),
    location: () => ({ engine: "etcd", hosts: [member], name: prefix, maxConnections: 4 }),
    kill: () => cluster.kill(),
    restart: () => cluster.restart(),
    pause: () => {
      cluster.pause();
      return Promise.resolve();
    },
    resume: () => {
      cluster.resume();
      return Promise.resolve();
    },
    stop: () => cluster.stop(),
  };
}
