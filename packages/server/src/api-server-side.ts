import { randomUUID } from "node:crypto";
import path from "node:path";
import { createApiextensions, type GroupConversion } from "@dataplane/apiextensions";
import {
  type AdmissionHook,
  type ApiSource,
  type Authenticator,
  type Authorizer,
  basicAuthenticator,
  bearerAuthenticator,
  createApiServer,
  createRegistry,
  limitInFlight,
  narrowedHook,
  type ResourceRegistry,
  unionAuthenticator,
  withFilters,
} from "@dataplane/apiserver";
import { type AppManifests, createAppManifests, manifestAccessController, storageMigrationController } from "@dataplane/app-manifests";
import type { ApiClient, Informer } from "@dataplane/client";
import { createProvisioning, dataSourceGroups, openSealer, provisionedApps } from "@dataplane/datasources";
import { type ApiObject, type Clock, controlPlaneUser, type Handler, type Logger } from "@dataplane/meta";
import type { PluginSource } from "@dataplane/plugin-host";
import type { Store } from "@dataplane/storage";
import { openAccessControl } from "./access-control.js";
import { bootstrap } from "./bootstrap.js";
import type { Config } from "./config/load-config.js";
import { type HookCalls, noAppHooks } from "./hook-calls.js";
import { openServiceAccounts } from "./identity/service-accounts.js";
import type { Tokens } from "./identity/tokens.js";
import type { Users } from "./identity/users.js";
import type { Lifetime } from "./lifetime.js";
import { addServedResources } from "./served-resources.js";
import { type Leading, whileLeading } from "./servers/leading.js";
import { storeCompaction } from "./store-compaction.js";
import { storeHealthLog } from "./store-health.js";
import type { Live } from "./tls/live.js";
import type { ServingCertificate } from "./tls/serving-certificate.js";
import { version } from "./version.js";
import { whenStoreAnswers } from "./when-store-answers.js";

export interface ApiServerSideOptions {
  readonly config: Config;
  readonly env: NodeJS.ProcessEnv;
  readonly store: Store;
  /** Other servers may have the same store. */
  readonly isShared: boolean;
  readonly users: Users;
  readonly tokens: Tokens;
  readonly keyDirectory: string;
  /** The server's own certificate; absent without HTTPS. */
  readonly serving?: Live<Pick<ServingCertificate, "ca">>;
  readonly appUrl: string;
  /** As the control plane: a client of the whole chain in this process. */
  readonly client: ApiClient;
  /** Which plugins there are: whose data sources are served, and provisioned. */
  readonly plugins: PluginSource;
  /** Of DataPlaneServices; run by the caller. */
  readonly dataPlaneServices: Informer<ApiObject>;
  /** Undefined: nobody but webhooks has a say in writes. */
  readonly hooks: HookCalls | undefined;
  /** What others serve through this process; discovery and OpenAPI show it. */
  readonly sources: readonly ApiSource[];
  readonly clock: Clock;
  readonly logger: Logger;
}

/** How far the start has come. */
export interface ApiServerProgress {
  readonly storeIsRead: boolean;
  readonly bootstrapped: boolean;
  readonly definitionsAreServed: boolean;
  readonly provisioned: boolean;
}

/**
 * The server at the end of the chain with all that it is made of: store, resources, definitions, roles, ServiceAccounts, provisioning,
 * controllers of objects. It knows plugins by their names, and their say by `hooks`.
 */
export interface ApiServerSide {
  /** Behind the filters. */
  readonly handler: Handler;
  readonly registry: ResourceRegistry;
  readonly authorizer: Authorizer;
  /** Knows everybody who may log in here. */
  readonly authenticator: Authenticator;
  readonly progress: ApiServerProgress;
  /** Reads the provisioning files of that kind again. */
  reloadProvisioning(kind: "datasources" | "plugins"): Promise<void>;
  /** What others serve through this process has changed, or who converts objects. */
  sourcesChanged(): void;
  /**
   * Resolves when stored objects are served: the store is read, the first objects are there, the informers run. Before anything but them is
   * written, it waits for `hooksAreKnown`.
   */
  start(lifetime: Lifetime, leading: Leading, hooksAreKnown?: () => Promise<void>): Promise<void>;
}

export function openApiServerSide(options: ApiServerSideOptions): ApiServerSide {
  const { config, store, client, plugins, hooks, tokens, clock, logger } = options;
  const registry = createRegistry();
  const sealer = openSealer({ keyDirectory: options.keyDirectory });
  const access = openAccessControl({ client, sources: [registry, ...options.sources], keepsServedRoles: config.target === "all", clock, logger });
  const { authorizer, resolver } = access;
  const serving = options.serving === undefined ? {} : { serving: options.serving };
  const accounts = openServiceAccounts({ tokens, client, appUrl: options.appUrl, ...serving, clock, logger });
  addServedResources(registry, { ...config, ...accounts, authorizer, resolver, sealer });
  const apps = createAppManifests({
    ...{ client, registry, plugins, clock, logger },
    hooks: hooks?.appHooks ?? noAppHooks,
    webhooks: { call: (...call) => apiServer.webhooks.call(...call) },
    dataplaneAggregator: config.dataplaneAggregator,
  });
  const apiServer = createApiServer({
    ...{ store, registry, authorizer, clock, logger },
    sources: options.sources,
    chain: client,
    admission: [apps.admission, ...(hooks === undefined ? [] : [ofOthers(hooks, apps)])],
    newUid: randomUUID,
    version: version.kubernetes,
  });
  const groups = hooks === undefined ? {} : { groups: groupConversion(hooks) };
  const extensions = createApiextensions({ client, registry, webhooks: apiServer.webhooks, ...groups, clock, logger });
  const inFlight = limitInFlight({ reads: config.maxRequestsInFlight, writes: config.maxMutatingRequestsInFlight });
  const dataSources = dataSourceGroups({ registry, plugins, services: options.dataPlaneServices, sealer, clock, logger });
  const provisioning = openProvisioning(options);
  const progress = { storeIsRead: false, bootstrapped: false, definitionsAreServed: false, provisioned: false };

  return {
    handler: accounts.withEndpoints(withFilters([inFlight], extensions.obeying(apps.obeying(apiServer.handler)))),
    registry,
    authorizer,
    authenticator: unionAuthenticator([
      // Users keeps what it verified, and looks at each request: nothing may be believed on its behalf.
      basicAuthenticator({ verify: (name, password, request) => options.users.verify(name, password, request), cacheMs: 0 }),
      bearerAuthenticator(accounts.bearer),
    ]),
    progress,
    reloadProvisioning: (kind) => provisioning[kind].apply(),
    sourcesChanged() {
      access.sourcesChanged();
      extensions.convertersChanged();
    },
    async start(lifetime, leading, hooksAreKnown = () => Promise.resolve()) {
      lifetime.start("health of the store", storeHealthLog({ store, clock, logger }));
      const patiently = (step: () => Promise<unknown>): Promise<unknown> => whenStoreAnswers(step, { clock, signal: lifetime.signal });
      await apiServer.start(lifetime.signal, whileLeading(leading));
      progress.storeIsRead = true;
      await hooksAreKnown();
      await patiently(() => bootstrap(client));
      await access.start(lifetime, leading);
      accounts.start(lifetime, leading);
      progress.bootstrapped = true;
      registry.onChange(() => access.sourcesChanged());
      await patiently(() => extensions.serveStored());
      await patiently(() => apps.serveStored());
      progress.definitionsAreServed = true;
      lifetime.start("custom resource definitions", { run: (signal) => extensions.run(signal, whileLeading(leading)) });
      lifetime.start("AppManifests", { run: (signal) => apps.run(signal, whileLeading(leading)) });
      leading.start("roles of apps", () => manifestAccessController({ client, plugins, clock, logger }));
      leading.start("storage migration", () => storageMigrationController({ client, registry, clock, logger }));
      dataSources.sync();
      await patiently(() => Promise.all([provisioning.datasources.apply(), provisioning.plugins.apply()]));
      progress.provisioned = true;
      leading.start("store compaction", () => storeCompaction({ store, retention: config.historyRetention, clock, logger }));
      lifetime.start("data source groups", dataSources);
      lifetime.start("provisioning", provisioning.datasources);
      lifetime.start("provisioning of apps", provisioning.plugins);
    },
  };
}

/** What DataPlaneServices say of stored objects: kinds of an app have a say of their own. */
const ofOthers = ({ objectHooks }: HookCalls, apps: AppManifests): AdmissionHook =>
  narrowedHook(objectHooks.admission, ({ kind }) => !apps.owns(kind));

/** What is converted is shared by all who read it: the server itself asks for it. */
const groupConversion = ({ objectHooks }: HookCalls): GroupConversion => ({
  whoConverts: (group) => objectHooks.whoConverts(group),
  converter: objectHooks.conversion(controlPlaneUser),
});

function openProvisioning({ config, client, plugins, env, isShared, clock, logger }: ApiServerSideOptions) {
  const parts = { client, plugins, env, othersHaveFiles: isShared, clock, logger };
  const directory = (kind: string): string => path.join(config.provisioningPath, kind);
  return {
    datasources: createProvisioning({ ...parts, directory: directory("datasources") }),
    plugins: createProvisioning({ ...parts, kind: provisionedApps, directory: directory("plugins") }),
  };
}
