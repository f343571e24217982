import type { ApiClient, ResourceRef } from "@dataplane/client";
import { ApiError, type ApiObject, type Clock, isJsonObject, type JsonObject, LinkedAbort, type Logger, tolerating } from "@dataplane/meta";

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
  /** Milliseconds by a clock that is never set; this process's own unless told. */
  readonly elapsed?: () => number;
  readonly clock: Clock;
  readonly logger: Logger;
}

const leasesRef: ResourceRef = { group: "coordination.k8s.io", version: "v1", resource: "leases", namespaced: true };

/**
 * Work for as long as a Lease is held. `isHeld` says whether it may still be counted on at this very moment, and aborts the signal when not: a
 * process that was stopped for a while learns it so before any timer could tell. To be asked before each act; `heldTransport` does for a client.
 */
export type Lead = (signal: AbortSignal, isHeld: () => boolean) => Promise<void>;

/**
 * Runs `lead` while this process holds the Lease, until `signal` aborts. The signal that `lead` gets aborts when the Lease is lost; it is
 * then waited for the Lease again. What times are compared is only how long the Lease has looked the same here, never another machine's
 * clock. On `signal` the Lease is given up when `lead` has ended, so that the next holder need not wait.
 */
export async function leaderElection(options: LeaderElectionOptions, lead: Lead, signal: AbortSignal): Promise<void> {
  const candidate = new Candidate(options);
  const isOver = (): boolean => signal.aborted;
  while (!isOver()) {
    if (await candidate.takes(signal, deadlineOf(options))) await leadWhileHeld(candidate, options, lead, signal);
    // Also after having led: work that fails at once is not started again at once.
    await pause(options, signal);
  }
}

const deadlineOf = ({ renewDeadlineSeconds = 10 }: LeaderElectionOptions): number => renewDeadlineSeconds * 1_000;

/** Wall clocks are set, by whole minutes at times: two would lead. */
const elapsedOf = ({ elapsed = () => performance.now() }: LeaderElectionOptions): number => elapsed();

const pause = ({ clock, retrySeconds = 2 }: LeaderElectionOptions, signal: AbortSignal): Promise<void> =>
  clock.sleep(retrySeconds * 1_000, signal).catch(() => undefined);

async function leadWhileHeld(candidate: Candidate, options: LeaderElectionOptions, lead: Lead, signal: AbortSignal): Promise<void> {
  const { logger, lease } = options;
  const lost = new LinkedAbort(signal);
  const either = lost.signal;
  logger.info({ lease: lease.name }, "this process leads");
  const msLeft = (): number => candidate.renewedAt + deadlineOf(options) - elapsedOf(options);
  const isHeld = (): boolean => {
    if (!either.aborted && msLeft() <= 0) {
      logger.warn({ lease: lease.name }, "this process does not lead any more");
      lost.abort(new Error("the Lease was not renewed in time"));
    }
    return !either.aborted;
  };
  const leading = lead(either, isHeld).catch((error: unknown) => {
    if (!either.aborted) logger.error({ lease: lease.name, err: error }, "the leader's work failed");
  });
  const ended = leading.then(() => lost.abort(new Error("the leader's work has ended")));
  while (isHeld()) {
    await pause(options, either);
    if (!isHeld()) break;
    if (await candidate.takes(either, msLeft())) continue;
    if (candidate.isOthers && isHeld()) {
      logger.warn({ lease: lease.name }, "this process does not lead any more");
      lost.abort(new Error("the Lease is lost"));
    }
  }
  await ended;
  await candidate.release();
}

class Candidate {
  readonly #options: LeaderElectionOptions;
  /** The Lease as it was last seen, and since when it has looked so. */
  #seen: { readonly text: string; readonly since: number } | undefined;
  #isOthers = false;
  #held: ApiObject | undefined;
  #renewedAt = 0;

  constructor(options: LeaderElectionOptions) {
    this.#options = options;
  }

  /** True when somebody else was seen to hold it. */
  get isOthers(): boolean {
    return this.#isOthers;
  }

  /** When the request that took or renewed it last was begun, in ms: others may count from no earlier than that. */
  get renewedAt(): number {
    return this.#renewedAt;
  }

  /** Takes or renews it, where that may be; false also when the API could not be asked, or gave no answer within `ms`. */
  async takes(signal: AbortSignal, ms: number): Promise<boolean> {
    const began = elapsedOf(this.#options);
    try {
      const taken = await this.#within(ms, (either) => this.#tried(either), signal);
      if (taken) this.#renewedAt = began;
      return taken;
    } catch (thrown) {
      if (!signal.aborted) this.#options.logger.warn({ reason: ApiError.from(thrown).reason }, "the Lease could not be asked for");
      return false;
    }
  }

  /** So that the next one need not wait for its end. */
  async release(): Promise<void> {
    const held = this.#held;
    this.#held = undefined;
    if (held === undefined || this.#isOthers) return;
    const spec = { ...specOf(held), holderIdentity: "", leaseDurationSeconds: 1 };
    const write = (signal: AbortSignal) => this.#options.client.update(leasesRef, this.#ref, { ...held, spec }, {}, signal);
    await this.#within(deadlineOf(this.#options), write).catch(() => undefined);
  }

  /** A server that takes a request and never answers must not keep a holder from seeing that its time is over. */
  async #within<T>(ms: number, call: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const [over, answered] = [new LinkedAbort(signal), new AbortController()];
    const late = this.#options.clock.sleep(Math.max(ms, 0), answered.signal).then(
      () => over.abort(new Error("no answer in time")),
      () => undefined,
    );
    try {
      return await call(over.signal);
    } finally {
      over.release();
      answered.abort();
      await late;
    }
  }

  get #ref() {
    return { ...this.#options.lease };
  }

  async #tried(signal: AbortSignal): Promise<boolean> {
    const { client, identity, clock } = this.#options;
    const found = await tolerating(client.get<ApiObject>(leasesRef, this.#ref, signal), "NotFound");
    const now = microTime(clock.now());
    if (found === undefined) {
      const metadata = { ...this.#options.lease };
      const spec = { ...this.#renewed(now), acquireTime: now, leaseTransitions: 0 };
      const lease = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata, spec };
      return this.#isOurs(await tolerating(client.create<ApiObject>(leasesRef, lease, {}, signal), "AlreadyExists"));
    }
    const spec = specOf(found);
    const holder = spec["holderIdentity"];
    const isOurs = holder === identity;
    this.#isOthers = !isOurs && holder !== "" && holder !== undefined;
    if (this.#isOthers && !this.#hasEnded(spec)) return false;
    const transitions = typeof spec["leaseTransitions"] === "number" ? spec["leaseTransitions"] : 0;
    const taken = isOurs ? {} : { acquireTime: now, leaseTransitions: transitions + 1 };
    const next = { ...found, spec: { ...spec, ...this.#renewed(now), ...taken } };
    // Of two that want it the one that is later meets a conflict.
    return this.#isOurs(await tolerating(client.update<ApiObject>(leasesRef, this.#ref, next, {}, signal), "Conflict", "NotFound"));
  }

  #isOurs(written: ApiObject | undefined): boolean {
    if (written === undefined) return false;
    this.#held = written;
    this.#isOthers = false;
    return true;
  }

  #renewed(now: string): JsonObject {
    const { identity, leaseSeconds = 15 } = this.#options;
    return { holderIdentity: identity, leaseDurationSeconds: leaseSeconds, renewTime: now };
  }

  /** Nothing of it has changed for as long as it is good. */
  #hasEnded(spec: JsonObject): boolean {
    const text = JSON.stringify(spec);
    const now = elapsedOf(this.#options);
    if (this.#seen?.text !== text) this.#seen = { text, since: now };
    const seconds = typeof spec["leaseDurationSeconds"] === "number" ? spec["leaseDurationSeconds"] : 15;
    return now - this.#seen.since > seconds * 1_000;
  }
}

const specOf = ({ spec }: ApiObject): JsonObject => (isJsonObject(spec) ? spec : {});

/** RFC 3339 with microseconds, as Leases have it. */
const microTime = (at: Date): string => at.toISOString().replace("Z", "000Z");
