import { call } from "../testing/call.js";
import { openAuthority } from "../testing/certificate-authority.js";
import { startServer } from "../testing/start-server.js";
import { until } from "../testing/until.js";
import { startSickBackend } from "./sick-backend.js";
import { certificatesOf, type RoundOptions } from "./sick-round.js";

/** A server of ours with one APIService, and the server behind that. */
export interface SickBed extends RoundOptions {
  close(): Promise<void>;
}

/** Resolves when the APIService is available. */
export async function openSickBed(): Promise<SickBed> {
  const [authority, stranger, server] = await Promise.all([openAuthority(), openAuthority(), startServer()]);
  const [service, group] = ["sick", "sick.example.com"];
  const backend = await startSickBackend(await certificatesOf(authority, stranger, service), group);
  const create = async (path: string, body: object): Promise<void> => {
    const made = await call(`${server.url}${path}`, { body });
    if (made.status !== 201) throw new Error(made.text);
  };
  await create("/api/v1/namespaces/default/services", { metadata: { name: service }, spec: { type: "ExternalName", externalName: "localhost" } });
  const apiService = `v1.${group}`;
  await create("/apis/apiregistration.k8s.io/v1/apiservices", {
    metadata: { name: apiService },
    spec: {
      ...{ group, version: "v1", groupPriorityMinimum: 1_000, versionPriority: 15 },
      service: { namespace: "default", name: service, port: backend.port },
      caBundle: Buffer.from(authority.ca).toString("base64"),
    },
  });
  const things = `${server.url}/apis/${group}/v1/namespaces/default/things`;
  await until("the server behind is reached", async () => ((await call(things)).status === 200 ? true : undefined));
  return {
    ...{ url: server.url, backend, service, apiService, group },
    async close() {
      await backend.close();
      await server.stop();
      authority.remove();
      stranger.remove();
    },
  };
}
