import type { ApiClient } from "@dataplane/client";
import { type Clock, tolerating } from "@dataplane/meta";
import type { Runnable } from "../lifetime.js";
import type { LivingServers } from "./living-servers.js";
import { leasesRef } from "./server-lease.js";
import { leaseNamespace } from "./server-record.js";

export interface ForgottenServersOptions {
  readonly client: ApiClient;
  readonly living: Pick<LivingServers, "goneFor">;
  readonly clock: Clock;
}

const lookMs = 10_000;
const keptMs = 60_000;

/** Removes the Leases of servers that were killed; one that wakes makes its own again. */
export const forgottenServers = ({ client, living, clock }: ForgottenServersOptions): Runnable => ({
  async run(signal) {
    const isOver = (): boolean => signal.aborted;
    while (!isOver()) {
      for (const name of living.goneFor(keptMs)) {
        await tolerating(client.delete(leasesRef, { name, namespace: leaseNamespace }, signal), "NotFound").catch(() => undefined);
      }
      await clock.sleep(lookMs, signal).catch(() => undefined);
    }
  },
});
