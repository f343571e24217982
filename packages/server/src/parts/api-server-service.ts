import { readFileSync } from "node:fs";
import type { ApiClient } from "@dataplane/client";
import { type GroupServer, servicesRef } from "@dataplane/kube-aggregator";
import { type ApiObject, type Clock, type JsonObject, type Logger } from "@dataplane/meta";
import type { Runnable } from "../lifetime.js";
import type { Peer } from "./part-of.js";

const service = { namespace: "kube-system", name: "apiserver" } as const;

/** The API server of another process as APIServices name it. */
export function apiServerService({ url, caFile }: Peer): GroupServer {
  const port = Number(new URL(url).port) || 443;
  return { service: { ...service, port }, caBundle: readFileSync(caFile).toString("base64") };
}

const retryMs = 1_000;

/** Says in a Service of type ExternalName where the API server is. */
export function keepApiServerService(options: {
  readonly client: ApiClient;
  readonly apiServer: Peer;
  readonly clock: Clock;
  readonly logger: Logger;
}): Runnable {
  const { client, apiServer, clock, logger } = options;
  const { hostname: externalName } = new URL(apiServer.url);
  const wanted: ApiObject & JsonObject = {
    apiVersion: "v1",
    kind: "Service",
    metadata: { ...service },
    spec: { type: "ExternalName", externalName: externalName.replace(/^\[|\]$/g, "") },
  };
  return {
    async run(signal) {
      const isOver = (): boolean => signal.aborted;
      while (!isOver()) {
        try {
          await client.patch(servicesRef, service, "application/apply-patch+yaml", wanted, { fieldManager: "kube-aggregator", force: true }, signal);
          return;
        } catch (error) {
          if (!isOver()) logger.debug({ err: error }, "the Service of the API server could not be written yet");
        }
        await clock.sleep(retryMs, signal).catch(() => undefined);
      }
    },
  };
}
