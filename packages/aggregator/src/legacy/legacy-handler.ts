import type { Handler, HttpRequest, HttpResponse } from "@dataplane/meta";
import { methodNotAllowed } from "../method-not-allowed.js";
import type { PluginHandlerOptions } from "../plugin-handler.js";
import { legacyDataSourceHealth } from "./data-source-health.js";
import { legacyDataSourceResources } from "./data-source-resources.js";
import { legacyQuery } from "./ds-query.js";
import { pluginMetrics } from "./plugin-metrics.js";

export interface LegacyOptions extends PluginHandlerOptions {
  /** The next server in the chain. */
  readonly delegate: Handler;
}

/** One of Grafana's own paths, from before its API had groups. */
export interface LegacyRoute {
  /** `*` for any. */
  readonly method: string;
  readonly path: RegExp;
  /** `parameters` are the groups of `path`, empty where they matched nothing. */
  readonly handle: (request: HttpRequest, options: LegacyOptions, parameters: readonly [string, string]) => Promise<HttpResponse>;
}

const health: LegacyRoute = {
  method: "GET",
  path: /^\/api\/health$/,
  handle: () => Promise.resolve({ status: 200, headers: { "content-type": "application/json" }, body: '{"database":"ok"}' }),
};

const routes: readonly LegacyRoute[] = [legacyQuery, legacyDataSourceHealth, legacyDataSourceResources, pluginMetrics, health];

/**
 * Serves the paths that people have scripts for; anything else goes to the delegate. They have no group: each data source is
 * authorized in its plugin's own.
 */
export function legacyHandler(options: LegacyOptions): Handler {
  return async (request) => {
    const path = request.context.info?.path ?? request.path;
    for (const { method, path: pattern, handle } of routes) {
      const found = pattern.exec(path);
      if (found === null) continue;
      // A HEAD is a GET whose body the listener keeps.
      const asked = request.method === "HEAD" ? "GET" : request.method;
      if (method !== "*" && method !== asked) throw methodNotAllowed(request.method, method);
      return handle(request, options, [found[1] ?? "", found[2] ?? ""]);
    }
    return options.delegate(request);
  };
}
