import type { ApiClient, ResourceRef } from "@dataplane/client";
import { ApiError, type ApiObject, type Clock, type JsonObject, LinkedAbort, type Logger, TimeLimit, tolerating } from "@dataplane/meta";
import { annotationsOf, leaseNameOf, leaseNamespace, type ServerRecord, serverLabel } from "./server-record.js";

export const leasesRef: ResourceRef = { group: "coordination.k8s.io", version: "v1", resource: "leases", namespaced: true };

export interface ServerLeaseOptions {
  /** As the control plane. */
  readonly client: ApiClient;
  /** What this server says of itself now. */
  readonly record: () => ServerRecord;
  /** Others count this server gone when the Lease looked the same for so long. */
  readonly leaseSeconds: number;
  readonly renewMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** News of plugins that come together are told together. */
const settleMs = 50;
const writer = { fieldManager: "dataplane-server" };

/** The Lease by which the other servers of the store know this one: renewed while it lives, removed when it leaves. */
export class ServerLease {
  readonly #options: ServerLeaseOptions;
  #wake = new AbortController();
  #failures = 0;

  constructor(options: ServerLeaseOptions) {
    this.#options = options;
  }

  /** What this server says of itself is another now. */
  changed(): void {
    this.#wake.abort();
  }

  /** Until `signal` aborts; the Lease is then removed. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, renewMs } = this.#options;
    const isOver = (): boolean => signal.aborted;
    while (!isOver()) {
      this.#wake = new AbortController();
      await this.#renew(signal);
      const either = new LinkedAbort(signal, this.#wake.signal);
      await clock.sleep(renewMs, either.signal).then(
        () => undefined,
        () => clock.sleep(settleMs, signal).catch(() => undefined),
      );
      either.release();
    }
    await this.#remove();
  }

  async #renew(signal: AbortSignal): Promise<void> {
    const { logger, leaseSeconds } = this.#options;
    const limit = new TimeLimit({ ms: leaseSeconds * 1_000, signal });
    try {
      await this.#write(limit.signal);
      this.#failures = 0;
    } catch (thrown) {
      // A store that is away is told of once; the others do not judge anybody meanwhile.
      if (!signal.aborted && this.#failures === 0) logger.warn({ reason: ApiError.from(thrown).reason }, "this server's Lease could not be renewed");
      this.#failures += 1;
    } finally {
      limit.release();
    }
  }

  async #write(signal: AbortSignal): Promise<void> {
    const { client } = this.#options;
    const lease = this.#lease();
    const { metadata, spec } = lease;
    const { name, namespace, labels, annotations } = metadata;
    const patch: JsonObject = { metadata: { labels: { ...labels }, annotations: { ...annotations } }, spec };
    const patched = client.patch<ApiObject>(leasesRef, { name, namespace }, "application/merge-patch+json", patch, writer, signal);
    if ((await tolerating(patched, "NotFound")) === undefined) await client.create(leasesRef, lease, writer, signal);
  }

  #lease() {
    const { record, leaseSeconds, clock } = this.#options;
    const now = record();
    return {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: {
        name: leaseNameOf(now.id),
        namespace: leaseNamespace,
        labels: { [serverLabel]: "true" },
        annotations: annotationsOf(now),
      },
      spec: { holderIdentity: now.id, leaseDurationSeconds: leaseSeconds, renewTime: clock.now().toISOString().replace("Z", "000Z") },
    };
  }

  /** Lest the others wait for its end. */
  async #remove(): Promise<void> {
    const { client, record, leaseSeconds } = this.#options;
    const limit = new TimeLimit({ ms: leaseSeconds * 1_000 });
    await client.delete(leasesRef, { name: leaseNameOf(record().id), namespace: leaseNamespace }, limit.signal).catch(() => undefined);
    limit.release();
  }
}
