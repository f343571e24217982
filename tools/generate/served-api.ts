import path from "node:path";
import { createGrafanaAggregator, dataPlaneServiceFrom, managedService, registryResources } from "@dataplane/aggregator";
import { type Authorizer, createApiServer, createRegistry } from "@dataplane/apiserver";
import { createApiClient, createInformer } from "@dataplane/client";
import { dataPlaneServicesRef } from "@dataplane/clientset";
import { dataSourceGroups, type Sealer } from "@dataplane/datasources";
import { controlPlaneUser, type Handler, silentLogger, systemClock } from "@dataplane/meta";
import type { Plugin, PluginSource } from "@dataplane/plugin-host";
import type { RuleResolver } from "@dataplane/rbac";
import { createMemoryStore } from "@dataplane/storage";
import { findPlugins } from "../../packages/plugin-host/src/find-plugins.js";
import { addServedResources } from "../../packages/server/src/served-resources.js";
import { version } from "../../packages/server/src/version.js";

/**
 * The servers of the chain as a fresh installation has them, with the bundled plugins, on an empty store: enough to be asked for
 * discovery and OpenAPI. No plugin is started, and no data is read.
 */
export function servedApi(root: string): Handler {
  const registry = createRegistry();
  addServedResources(registry, {
    authorizer,
    resolver,
    sealer,
    issueToken: notAsked,
    reviewToken: notAsked,
    workloadKinds: false,
    dataplaneAggregator: true,
    kubernetesAggregator: true,
  });
  const found = findPlugins([{ path: path.join(root, "plugins"), signature: "internal" }]).plugins.map(unstarted);
  const plugins: PluginSource = { get: (id) => found.find((it) => it.id === id), list: () => found, onChange: () => () => undefined };
  const clocked = { clock: systemClock, logger: silentLogger };
  const client = createApiClient({ handler: notAsked, user: controlPlaneUser });
  const services = createInformer({ client, resource: dataPlaneServicesRef, ...clocked });
  dataSourceGroups({ registry, plugins, services, sealer, ...clocked }).sync();

  const aggregator = createGrafanaAggregator({
    plugins,
    stored: registryResources(registry, () => false),
    delegate: notAsked,
    contexts: { forDataSource: notAsked, forApp: notAsked },
    authorizer,
    limits: { bodyBytes: 0, callTimeoutMs: 0 },
    ...clocked,
  });
  for (const plugin of found) {
    const service = managedService(plugin);
    if (service !== undefined) aggregator.serve(dataPlaneServiceFrom(service));
  }
  const { handler } = createApiServer({
    store: createMemoryStore(),
    registry,
    sources: [aggregator.apiSource],
    ...clocked,
    newUid: () => "",
    version: version.kubernetes,
  });
  return handler;
}

const authorizer: Authorizer = { authorize: () => ({ allowed: false, reason: "" }) };

const resolver: RuleResolver = { rulesFor: () => [], rulesOfRole: () => [] };

const notAsked = (): Promise<never> => Promise.reject(new Error("only descriptions are asked for"));
const noSecrets = (): never => {
  throw new Error("only descriptions are asked for");
};
const sealer: Sealer = { seal: noSecrets, open: noSecrets };

const unstarted = ({ json, directory, signature }: Pick<Plugin, "json" | "directory" | "signature">): Plugin => ({
  id: json.id,
  json,
  directory,
  signature,
  state: { phase: "stopped", reason: "Stopped", message: "", since: new Date(0), restarts: 0, pid: undefined, note: undefined },
  client: notAsked,
  restart: notAsked,
});
