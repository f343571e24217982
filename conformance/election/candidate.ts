// `node --import tsx candidate.ts IDENTITY`, with SERVER_URL: one of several that want the Lease `default/election`. While it leads it acts as
// often as it can: each act is one write of who did it into the ConfigMap `default/acts`.

import { createTransportClient, httpTransport, type ResourceRef } from "@dataplane/client";
import { heldTransport, leaderElection } from "@dataplane/controller";
import { silentLogger, systemClock } from "@dataplane/meta";
import { admin } from "../testing/call.js";

const identity = process.argv[2] ?? "";
const plain = httpTransport({ baseUrl: process.env["SERVER_URL"] ?? "" });
const transport: typeof plain = (request) => plain({ ...request, headers: { ...request.headers, authorization: admin } });
const configMaps: ResourceRef = { group: "", version: "v1", resource: "configmaps", namespaced: true };
const acts = { name: "acts", namespace: "default" };

await leaderElection(
  {
    client: createTransportClient(transport),
    lease: { name: "election", namespace: "default" },
    ...{ identity, leaseSeconds: 3, renewDeadlineSeconds: 2, retrySeconds: 0.25, clock: systemClock, logger: silentLogger },
  },
  async (signal, isHeld) => {
    const client = createTransportClient(heldTransport(transport, isHeld));
    let count = 0;
    while (!signal.aborted) {
      count += 1;
      const data = { by: identity, count: String(count) };
      await client.patch(configMaps, acts, "application/merge-patch+json", { data }, {}, signal).catch(() => undefined);
      await systemClock.sleep(5, signal).catch(() => undefined);
    }
  },
  new AbortController().signal,
);
