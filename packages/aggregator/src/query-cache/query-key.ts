import { createHash } from "node:crypto";
import type { QueryDataRequest } from "@dataplane/plugin-protocol";
import type { ParsedQuery } from "../service-types/query-request.js";

/** Headers that tell only where a query comes from: they are of each page and request, and no plugin answers by them. */
const origins = new Set(["http_X-Dashboard-Uid", "http_X-Panel-Id", "http_X-Panel-Plugin-Id", "http_X-Query-Group-Id", "http_X-Cache-Skip"]);

export interface KeyedQueries {
  readonly message: QueryDataRequest;
  readonly queries: readonly ParsedQuery[];
  readonly nowMs: number;
  /** Ends of ranges that are relative to now are those of a now that is rounded down to this, so that they stay the same for a while. */
  readonly stepMs: number;
}

/**
 * Names all that an answer depends on: the data source and the version of its settings, the user whom the plugin is told, headers, the
 * form, and each query as it was sent with its range. A hash, for headers may hold credentials.
 */
export function queryKey({ message, queries, nowMs, stepMs }: KeyedQueries): string {
  const { pluginContext, headers, format } = message;
  const { pluginId, namespace, pluginVersion, user, dataSourceInstanceSettings: settings } = pluginContext;
  const sent = Object.entries(headers)
    .filter(([name]) => !origins.has(name))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const hash = createHash("sha256");
  hash.update(JSON.stringify([pluginId, pluginVersion, namespace, settings?.uid, settings?.lastUpdatedMS, user, sent, format]));
  const now = new Date(nowMs - (nowMs % stepMs));
  for (const { query, rangeAt } of queries) {
    const { fromEpochMS, toEpochMS } = rangeAt?.(now) ?? query.timeRange;
    // The length keeps queries apart from each other.
    hash.update(`${fromEpochMS} ${toEpochMS} ${query.json.byteLength}:`).update(query.json);
  }
  return hash.digest("base64");
}
