/** Which answers of a data source are shared. */
export interface SharingPolicy {
  /** Identical queries in flight are one call. */
  readonly coalesce: boolean;
  /** How long an answer is given again; 0 when none is kept. */
  readonly ttlMs: number;
}

/** What the server does for data sources that say nothing themselves. */
export interface SharingDefaults {
  /** `[query] coalesce` */
  readonly coalesce: boolean;
  /** `[query_cache] enabled` */
  readonly cache: boolean;
  /** `[query_cache] ttl` */
  readonly ttlMs: number;
}

const longestTtlMs = 24 * 60 * 60 * 1000;

/**
 * What a data source asks for in its JSON data: `queryCoalescing: true` or false, and `queryCaching: {enabled, ttl}` with the time in
 * seconds; the server's where it does not say. Undefined when nothing is shared, which is the usual case.
 */
export function sharingPolicy(jsonData: Readonly<Record<string, unknown>>, defaults: SharingDefaults): SharingPolicy | undefined {
  const { queryCoalescing, queryCaching } = jsonData;
  const coalesce = typeof queryCoalescing === "boolean" ? queryCoalescing : defaults.coalesce;
  const own = typeof queryCaching === "object" && queryCaching !== null ? queryCaching : {};
  const enabled = "enabled" in own && typeof own.enabled === "boolean" ? own.enabled : defaults.cache;
  if (!enabled) return coalesce ? { coalesce, ttlMs: 0 } : undefined;
  const ttlMs = "ttl" in own && typeof own.ttl === "number" && own.ttl > 0 ? own.ttl * 1000 : defaults.ttlMs;
  return { coalesce, ttlMs: Math.min(longestTtlMs, ttlMs) };
}
