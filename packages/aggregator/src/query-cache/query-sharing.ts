import type { Clock, Counter, HttpRequest, Metrics } from "@dataplane/meta";
import type { QueryDataRequest, QueryDataResponse } from "@dataplane/plugin-protocol";
import type { ResultCaps } from "../service-types/answer-caps.js";
import { type ParsedQuery, refIdsOf } from "../service-types/query-request.js";
import { type CacheStatus, wantsFresh } from "./cache-status.js";
import { KeptAnswers } from "./kept-answers.js";
import { keptForm } from "./kept-form.js";
import { queryKey } from "./query-key.js";
import { SharedCalls } from "./shared-calls.js";
import { type SharingDefaults, type SharingPolicy, sharingPolicy } from "./sharing-policy.js";

export interface QuerySharingOptions {
  readonly defaults: SharingDefaults;
  /** `[query_cache] max_bytes`; 0 keeps nothing, whatever a data source asks for. */
  readonly maxBytes: number;
  readonly metrics: Metrics;
  readonly clock: Clock;
}

/** Queries of one data source that may share an answer. */
export interface ShareableQueries {
  readonly policy: SharingPolicy;
  readonly message: QueryDataRequest;
  readonly queries: readonly ParsedQuery[];
  readonly limits: ResultCaps & { readonly callTimeoutMs: number };
  readonly request: Pick<HttpRequest, "headers" | "signal">;
  /** Asks the plugin, until the signal aborts. */
  readonly ask: (signal: AbortSignal) => Promise<QueryDataResponse>;
}

/** An answer as a plugin gave it, now or before. `cacheStatus` where a cache or another caller's call had to do with it. */
export interface SharedAnswer {
  readonly response: QueryDataResponse;
  readonly cacheStatus?: CacheStatus;
  /** Nobody else has it, or will. */
  readonly isOwn?: true;
}

/** Relative ranges of queries in flight are the same for so long. */
const inFlightStepMs = 1000;

interface Asked {
  readonly response: QueryDataResponse;
  readonly stored: boolean;
}

/** Answers that are given to more than one who asks: kept for a while, or of one call for all. */
export class QuerySharing {
  readonly #options: QuerySharingOptions;
  readonly #kept: KeptAnswers;
  readonly #inFlight = new SharedCalls<Asked>();
  readonly #requests: Readonly<Record<"hit" | "miss" | "bypass", Counter>>;
  readonly #coalesced: Counter;

  constructor(options: QuerySharingOptions) {
    const { metrics, maxBytes } = options;
    this.#options = maxBytes > 0 ? options : { ...options, defaults: { ...options.defaults, cache: false } };
    this.#kept = new KeptAnswers(maxBytes);
    const requests = metrics.counter({
      name: "dataplane_query_cache_requests_total",
      help: "Queries of data sources whose answers are kept, one a data source and request.",
      labels: ["result"],
    });
    this.#requests = { hit: requests.with("hit"), miss: requests.with("miss"), bypass: requests.with("bypass") };
    this.#coalesced = metrics
      .counter({ name: "dataplane_queries_coalesced_total", help: "Queries that were answered by another caller's call in flight." })
      .with();
    metrics.observed({
      name: "dataplane_query_cache_bytes",
      help: "Bytes that kept answers hold.",
      type: "gauge",
      read: () => [[[], this.#kept.bytes]],
    });
  }

  /** Undefined when no answer of the data source is shared. */
  policyOf(jsonData: Readonly<Record<string, unknown>>): SharingPolicy | undefined {
    const policy = sharingPolicy(jsonData, this.#options.defaults);
    if (policy === undefined || this.#options.maxBytes > 0) return policy;
    return policy.coalesce ? { coalesce: true, ttlMs: 0 } : undefined;
  }

  /** Throws what `ask` throws, and the signal's reason. */
  async answer(shareable: ShareableQueries): Promise<SharedAnswer> {
    const { policy, message, queries, request } = shareable;
    const nowMs = this.#options.clock.now().getTime();
    const key = queryKey({ message, queries, nowMs, stepMs: policy.ttlMs > 0 ? policy.ttlMs : inFlightStepMs });
    if (wantsFresh(request)) return this.#answerAnew(key, shareable);
    if (policy.ttlMs === 0) return this.#ask(key, shareable);
    const found = this.#kept.get(key, nowMs);
    this.#requests[found === undefined ? "miss" : "hit"].inc();
    if (found === undefined) return this.#ask(key, shareable);
    return { response: found.response, cacheStatus: { ttlMs: found.expiresAtMs - nowMs } };
  }

  /** What was kept is older than what this client sees: nobody is to see it after. */
  async #answerAnew(key: string, { policy, request, ask }: ShareableQueries): Promise<SharedAnswer> {
    const response = await ask(request.signal);
    if (policy.ttlMs === 0) return { response };
    this.#kept.delete(key);
    this.#requests.bypass.inc();
    return { response, cacheStatus: { fwd: "request", stored: false, collapsed: false } };
  }

  async #ask(key: string, shareable: ShareableQueries): Promise<SharedAnswer> {
    const { policy, limits, request } = shareable;
    const ask = (signal: AbortSignal): Promise<Asked> => this.#askAndKeep(key, shareable, signal);
    const { result, joined } = policy.coalesce
      ? await this.#inFlight.run(`${key} ${limits.callTimeoutMs}`, request.signal, ask)
      : { result: await ask(request.signal), joined: false };
    if (joined) this.#coalesced.inc();
    const { response, stored } = result;
    if (policy.ttlMs === 0 && !joined) return { response };
    return { response, cacheStatus: { fwd: "uri-miss", stored, collapsed: joined } };
  }

  async #askAndKeep(key: string, { policy, message, queries, limits, ask }: ShareableQueries, signal: AbortSignal): Promise<Asked> {
    const response = await ask(signal);
    if (policy.ttlMs === 0) return { response, stored: false };
    const form = await keptForm({ response, asked: refIdsOf(queries), format: message.format, caps: limits });
    if (form === undefined) return { response, stored: false };
    const expiresAtMs = this.#options.clock.now().getTime() + policy.ttlMs;
    return { response: form.response, stored: this.#kept.set(key, { ...form, expiresAtMs }) };
  }
}
