import type { ApiClient } from "@dataplane/client";
import type { Clock, Logger } from "@dataplane/meta";

export interface LeaderElectionOptions {
  readonly client: ApiClient;
  /** The Lease that is held (https://kubernetes.io/docs/concepts/architecture/leases/#leader-election). */
  readonly lease: { readonly namespace: string; readonly name: string };
  /** Of this process, among all that may hold it. */
  readonly identity: string;
  /** 15 s unless told. */
  readonly leaseSeconds?: number;
  /** A holder that could not renew for so long stops; less than `leaseSeconds`. 10 s unless told. */
  readonly renewDeadlineSeconds?: number;
  /** 2 s unless told. */
  readonly retrySeconds?: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Runs `lead` while this process holds the Lease, until `signal` aborts. The signal that `lead` gets aborts when the Lease is lost; it is
 * then waited for the Lease again. What times are compared is only how long the Lease has looked the same here, never another machine's
 * clock. On `signal` the Lease is given up when `lead` has ended, so that the next holder need not wait.
 */
export type LeaderElection = (options: LeaderElectionOptions, lead: (signal: AbortSignal) => Promise<void>, signal: AbortSignal) => Promise<void>;
