import { integer, setting } from "../setting.js";

/** Queries. */
export const querySettings = {
  concurrentQueries: setting(
    "query",
    "concurrent_query_limit",
    integer(1, 10_000),
    "10",
    "Queries that a plugin should run at once for one request. Told to plugins.",
  ),
} as const;
