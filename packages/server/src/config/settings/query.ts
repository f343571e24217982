import { boolean, duration, integer, setting } from "../setting.js";

const limit = integer(0, 1_000_000);

/** Queries. */
export const querySettings = {
  concurrentQueries: setting(
    "query",
    "concurrent_query_limit",
    integer(1, 10_000),
    "10",
    "Data sources of one request that are asked at once. Told to plugins too, as how many queries of one request to run at once.",
  ),
  maxInFlightPerDataSource: setting(
    "query",
    "max_in_flight_per_datasource",
    limit,
    "0",
    "Queries, resource calls and proxied requests that one data source may have in flight; more are 429. 0 is no limit.",
  ),
  maxInFlightPerUser: setting("query", "max_in_flight_per_user", limit, "0", "The same, of one user over all data sources and apps."),
  ratePerDataSource: setting(
    "query",
    "rate_per_datasource",
    limit,
    "0",
    "Queries, resource calls and proxied requests of one data source that may start in a second, after a second's worth at once; more are 429. 0 is no limit.",
  ),
  ratePerUser: setting("query", "rate_per_user", limit, "0", "The same, of one user over all data sources and apps."),
  coalesceQueries: setting(
    "query",
    "coalesce",
    boolean,
    "false",
    "Identical queries of one user that are in flight are one call. A data source decides for itself by jsonData.queryCoalescing.",
  ),
  queryCache: setting(
    "query_cache",
    "enabled",
    boolean,
    "false",
    "Keep answers without errors and give them again. A data source decides for itself by jsonData.queryCaching: {enabled, ttl}, ttl in seconds.",
  ),
  queryCacheTtl: setting("query_cache", "ttl", duration, "60s", "How long an answer is given again, where the data source does not say."),
  queryCacheBytes: setting(
    "query_cache",
    "max_bytes",
    integer(0, Number.MAX_SAFE_INTEGER),
    "67108864",
    "Memory for kept answers, in bytes; one may fill a quarter of it. 0 keeps none, whatever a data source says.",
  ),
} as const;
