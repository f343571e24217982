import type { Clock, Logger } from "@dataplane/meta";

/** What a reconcile may answer: look again after so long, though nothing changed. */
export interface Again {
  readonly afterMs: number;
}

export interface ControllerOptions {
  readonly name: string;
  /** Keys worked on at the same time; one key never twice at once. 1 unless told. */
  readonly concurrency?: number;
  /** Reads the world and makes it so; may run twice. A rejection is retried with back-off, 5 ms to 30 s. */
  readonly reconcile: (key: string, signal: AbortSignal) => Promise<Again | undefined>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A work queue with one reconcile behind it: keys are merged while they wait. */
export interface Controller {
  readonly name: string;
  enqueue(key: string): void;
  /** Enqueues it after so long: of what comes in bursts, all is worked on at once. Of two times for one key the earlier counts. */
  enqueueAfter(key: string, ms: number): void;
  /** Resolves when every key that was enqueued before the call has been worked on once, well or not, or when the controller has ended. */
  drained(): Promise<void>;
  /** Until `signal` aborts; the reconcile that is under way is waited for. Once only. */
  run(signal: AbortSignal): Promise<void>;
}
