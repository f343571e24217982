import path from "node:path";
import { createGrafanaAggregator, dataPlaneServiceFrom, dataPlaneServices, managedService, registryResources } from "@dataplane/aggregator";
import { addBuiltinResources, createApiServer, createRegistry, type ResourceRegistry } from "@dataplane/apiserver";
import { connectionDefinition, dataSourceDefinition, type Sealer } from "@dataplane/datasources";
import { apiServices } from "@dataplane/kube-aggregator";
import { type Handler, silentLogger, systemClock } from "@dataplane/meta";
import { ownGroupOf, ownGroupVersion, type Plugin } from "@dataplane/plugin-host";
import { createMemoryStore } from "@dataplane/storage";
import { findPlugins } from "../../packages/plugin-host/src/find-plugins.js";
import { version } from "../../packages/server/src/version.js";

/**
 * The servers of the chain as a fresh installation has them, with the bundled plugins, on an empty store: enough to be asked for
 * discovery and OpenAPI. No plugin is started, and no data is read.
 */
export function servedApi(root: string): Handler {
  const registry = createRegistry();
  addBuiltinResources(registry);
  registry.add(dataPlaneServices);
  registry.add(apiServices);
  const plugins = findPlugins([{ path: path.join(root, "plugins"), signature: "internal" }]).plugins.map(unstarted);
  for (const plugin of plugins) addDataSources(registry, plugin);

  const aggregator = createGrafanaAggregator({
    plugins: { get: (id) => plugins.find((it) => it.id === id), list: () => plugins, onChange: () => () => undefined },
    stored: registryResources(registry, () => false),
    delegate: notAsked,
    contexts: { forDataSource: notAsked },
    authorizer: { authorize: () => ({ allowed: false, reason: "" }) },
    limits: { bodyBytes: 0, callTimeoutMs: 0 },
    clock: systemClock,
    logger: silentLogger,
  });
  for (const plugin of plugins) {
    const service = managedService(plugin);
    if (service !== undefined) aggregator.serve(dataPlaneServiceFrom(service));
  }
  const { handler } = createApiServer({
    store: createMemoryStore(),
    registry,
    sources: [aggregator.apiSource],
    clock: systemClock,
    newUid: () => "",
    logger: silentLogger,
    version: version.kubernetes,
  });
  return handler;
}

const notAsked = (): Promise<never> => Promise.reject(new Error("only descriptions are asked for"));
const noSecrets = (): never => {
  throw new Error("only descriptions are asked for");
};
const sealer: Sealer = { seal: noSecrets, open: noSecrets };

function addDataSources(registry: ResourceRegistry, { id }: Plugin): void {
  const group = ownGroupOf(id);
  if (group === undefined) return;
  const served = { pluginId: id, group, version: ownGroupVersion };
  registry.add(dataSourceDefinition({ ...served, sealer, canonical: true }));
  registry.add(connectionDefinition(served));
}

const unstarted = ({ json, directory, signature }: Pick<Plugin, "json" | "directory" | "signature">): Plugin => ({
  id: json.id,
  json,
  directory,
  signature,
  state: { phase: "stopped", reason: "Stopped", message: "", since: new Date(0), restarts: 0, pid: undefined, note: undefined },
  client: notAsked,
});
