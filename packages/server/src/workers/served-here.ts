import { type GrafanaAggregator, isLegacyCall } from "@dataplane/aggregator";
import { parseRequestInfo } from "@dataplane/apiserver";
import { ApiError, type HttpRequest, type RequestInfo } from "@dataplane/meta";
import type { AttachedPlugins } from "./attached-plugins.js";

export interface ServedHereOptions {
  readonly aggregator: Pick<GrafanaAggregator, "pluginOf">;
  readonly plugins: Pick<AttachedPlugins, "isAttached" | "areAttached">;
}

/**
 * Whether a worker answers a request itself: calls of plugins and data sources, once their routes are known and their plugin can be called.
 * Streams, hooks, whatever leaves HTTP and all the rest is the control process'.
 */
export function isServedHere(request: HttpRequest, { aggregator, plugins }: ServedHereOptions): boolean {
  if (request.upgrade !== undefined) return false;
  // Nearly all that is not for a group is for a file or a probe.
  const isForGroup = request.path.startsWith("/apis/");
  if (!isForGroup && !request.path.startsWith("/api/")) return false;
  const info = infoOf(request);
  if (info === undefined) return false;
  // Which plugin an older path calls is found out on the way.
  if (!isForGroup) return plugins.areAttached && isLegacyCall(info.path);
  if (isStream(info) || isHook(info)) return false;
  const plugin = aggregator.pluginOf(request.method, info);
  if (plugin === undefined) return false;
  return plugin === "" ? plugins.areAttached : plugins.isAttached(plugin);
}

/** What is wrong with a path is told by who answers it. */
function infoOf({ method, path, query }: HttpRequest): RequestInfo | undefined {
  try {
    return parseRequestInfo(method, path, query);
  } catch (thrown) {
    if (thrown instanceof ApiError) return undefined;
    throw thrown;
  }
}

/** Of a data source, or of an app, which has its streams below the namespace itself. */
const isStream = ({ resource, subresource }: RequestInfo): boolean => resource === "stream" || subresource === "stream";

const hooks: ReadonlySet<string> = new Set(["admission", "convert"]);
const isHook = ({ segments: [first = ""] }: RequestInfo): boolean => hooks.has(first);
