import { ApiError } from "@dataplane/meta";
import { BoundedEntries } from "./bounded-entries.js";
import { TokenBucket } from "./token-bucket.js";

/** What one data source, or one user, may do. 0 is no limit. */
export interface StartLimit {
  readonly inFlight: number;
  /** Starts per second, a second's worth at once. */
  readonly perSecond: number;
}

/** Whose limit it is, in messages, metrics and names of settings. */
export type LimitedParty = "datasource" | "user";

export interface StartLimitsOptions {
  readonly party: LimitedParty;
  readonly limit: StartLimit;
  readonly nowMs: () => number;
  /** Hears of each refusal. */
  readonly refused: (limit: string) => void;
}

interface Party {
  inFlight: number;
  readonly bucket: TokenBucket | undefined;
}

/** The limits of all data sources, or of all users. */
export class StartLimits {
  readonly #options: StartLimitsOptions;
  readonly #parties: BoundedEntries<Party>;

  constructor(options: StartLimitsOptions) {
    this.#options = options;
    this.#parties = new BoundedEntries(({ inFlight, bucket }) => inFlight === 0 && (bucket?.isFull(options.nowMs()) ?? true));
  }

  /** False when there is nothing to count. */
  get limited(): boolean {
    const { inFlight, perSecond } = this.#options.limit;
    return inFlight > 0 || perSecond > 0;
  }

  /** Throws TooManyRequests when `name` may start no call now. A call made again for the same request is not counted as a start. */
  require(name: string, { shown, again }: { readonly shown: string; readonly again: boolean }): void {
    const found = this.#parties.get(name);
    if (found === undefined) return;
    const { party, limit, nowMs } = this.#options;
    if (limit.inFlight > 0 && found.inFlight >= limit.inFlight) {
      throw this.#tooMany(`max_in_flight_per_${party}`, `${shown} has ${limit.inFlight} calls in flight, as many as`, 1);
    }
    const waitMs = again ? 0 : (found.bucket?.waitMs(nowMs()) ?? 0);
    if (waitMs > 0) throw this.#tooMany(`rate_per_${party}`, `${shown} started ${limit.perSecond} calls within a second, as many as`, waitMs / 1000);
  }

  /** A call of `name` starts; what it gives is called when the call ended. */
  start(name: string, again: boolean): () => void {
    const found = this.#parties.get(name) ?? this.#begin(name);
    found.inFlight += 1;
    if (!again) found.bucket?.take();
    return () => {
      found.inFlight -= 1;
      if (found.inFlight === 0 && found.bucket === undefined) this.#parties.delete(name);
    };
  }

  #begin(name: string): Party {
    const { limit, nowMs } = this.#options;
    const begun = { inFlight: 0, bucket: limit.perSecond > 0 ? new TokenBucket(limit.perSecond, nowMs()) : undefined };
    this.#parties.set(name, begun);
    return begun;
  }

  #tooMany(limit: string, what: string, seconds: number): ApiError {
    this.#options.refused(limit);
    return new ApiError("TooManyRequests", `${what} [query] ${limit} allows: try again later`, {
      details: { retryAfterSeconds: Math.max(1, Math.ceil(seconds)) },
    });
  }
}
