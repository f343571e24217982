import type { ApiClient } from "@dataplane/client";
import type { Handler, HttpRequest, HttpResponse } from "@dataplane/meta";
import type { Live } from "../live/centrifuge/live.js";
import { liveRoutes } from "../live/live-routes.js";
import { push } from "../live/push-routes.js";
import { methodNotAllowed } from "../method-not-allowed.js";
import type { PluginHandlerOptions } from "../plugin-handler.js";
import { legacyAppCalls } from "./app-calls.js";
import { legacyDataSourceHealth } from "./data-source-health.js";
import { legacyDataSourceProxy } from "./data-source-proxy.js";
import { legacyDataSourceResources } from "./data-source-resources.js";
import { legacyDataSources } from "./data-sources.js";
import { legacyQuery } from "./ds-query.js";
import type { KnownOwners } from "./legacy-data-source.js";
import { withLegacyErrors } from "./legacy-error.js";
import { pluginMetrics } from "./plugin-metrics.js";
import { legacyPlugins } from "./plugins.js";
import { type LegacyServer, legacyServerPaths } from "./server-paths.js";

export interface LegacyOptions extends PluginHandlerOptions {
  /** The next server in the chain. */
  readonly delegate: Handler;
  /** Reads all data sources and settings of apps; who may see which is asked of the authorizer. */
  readonly client: ApiClient;
  readonly server: LegacyServer;
  /** Grafana Live; not served when absent. */
  readonly live?: Live;
  /** The handler's own. */
  readonly owners?: KnownOwners;
}

/** One of Grafana's own paths, from before its API had groups. */
export interface LegacyRoute {
  /** `*` for any. */
  readonly method: string;
  readonly path: RegExp;
  /** `parameters` are the groups of `path`, empty where they matched nothing. */
  readonly handle: (request: HttpRequest, options: LegacyOptions, parameters: readonly [string, string]) => Promise<HttpResponse>;
}

/** Those that call a plugin or a data source and know nothing of this process. */
const calls: readonly LegacyRoute[] = [legacyQuery, legacyDataSourceHealth, legacyDataSourceResources, legacyDataSourceProxy, ...legacyAppCalls];

const routes: readonly LegacyRoute[] = [...calls, ...legacyDataSources, ...legacyPlugins, pluginMetrics, ...liveRoutes, push, ...legacyServerPaths];

/** Whether an older path calls a plugin or a data source: any process with a data plane can answer it alike. */
export const isLegacyCall = (path: string): boolean => calls.some(({ path: pattern }) => pattern.test(path));

/** Where all of them are. */
const roots = ["/api/", "/metrics/"];

/**
 * Serves the paths that people have scripts for; anything else goes to the delegate. They have no group: each data source is
 * authorized in its plugin's own. Failures have the form that Grafana's clients read.
 */
export function legacyHandler(given: LegacyOptions): Handler {
  const options: LegacyOptions = { ...given, owners: new Map() };
  return (request) => {
    const path = request.context.info?.path ?? request.path;
    // Nearly all requests are for a group: they need not be held against each pattern.
    if (!roots.some((root) => path.startsWith(root))) return options.delegate(request);
    for (const { method, path: pattern, handle } of routes) {
      const found = pattern.exec(path);
      if (found === null) continue;
      // A HEAD is a GET whose body the listener keeps.
      const asked = request.method === "HEAD" ? "GET" : request.method;
      return withLegacyErrors(request, () => {
        if (method !== "*" && method !== asked) throw methodNotAllowed(request.method, method);
        return handle(request, options, [found[1] ?? "", found[2] ?? ""]);
      });
    }
    return options.delegate(request);
  };
}
