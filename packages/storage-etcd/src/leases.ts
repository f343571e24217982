import { randomInt } from "node:crypto";
import { OutcomeUnknown, StoreUnavailable } from "@dataplane/storage";
import type { Cluster } from "./cluster.js";
import { EtcdFault, isLeaseTaken } from "./etcd-fault.js";
import { leaseGrant, leaseRevoke } from "./methods.js";

const largestId = 2 ** 48 - 1;

/** A lease of its own for one key, so that each key ends at a revision of its own. Gives its id. */
export async function grantLease(cluster: Cluster, ttlSeconds: number): Promise<number> {
  for (;;) {
    const id = randomInt(1, largestId);
    try {
      await cluster.write(leaseGrant, { ID: id, TTL: Math.max(1, Math.ceil(ttlSeconds)) });
      return id;
    } catch (thrown) {
      // Nothing has the lease yet, so that nothing is lost with it.
      if (thrown instanceof OutcomeUnknown) throw new StoreUnavailable(thrown.message, { cause: thrown });
      if (!(thrown instanceof EtcdFault) || !isLeaseTaken(thrown)) throw thrown;
    }
  }
}

/** A lease that no key has ends by itself too: nobody waits for this. */
export function revokeLease(cluster: Cluster, id: number): void {
  void cluster.write(leaseRevoke, { ID: id }).catch(() => undefined);
}
