import { fixedRoles } from "@dataplane/apiserver/testing";
import { type ApiObject, type Handler, notFound, silentLogger, systemClock } from "@dataplane/meta";
import type { Plugin } from "@dataplane/plugin-host";
import { createGrafanaAggregator } from "../grafana-aggregator.js";
import { namedQueryFrom } from "../named-queries/named-query.js";
import { aPluginSource } from "./a-plugin.js";
import { knownDataSources } from "./known-data-sources.js";

/** An aggregator that knows one named query, with the fixed roles. */
export function startNamedQueries(plugin: Plugin, stored: ApiObject): { readonly handler: Handler } {
  const aggregator = createGrafanaAggregator({
    plugins: aPluginSource([plugin]),
    contexts: knownDataSources([{ pluginId: plugin.id, uid: "main" }]),
    limits: { bodyBytes: 1024 * 1024, callTimeoutMs: 5000 },
    authorizer: fixedRoles(),
    stored: { hasGroup: () => true, hasResource: () => true, hasSubresource: () => false, isRemote: () => false },
    delegate: () => Promise.reject(notFound("paths", "this")),
    readNamedQuery: ({ name }) =>
      name === stored.metadata.name ? Promise.resolve(namedQueryFrom(stored)) : Promise.reject(notFound("queries", name)),
    clock: systemClock,
    logger: silentLogger,
  });
  aggregator.markSynced();
  return { handler: aggregator.handler };
}
