import path from "node:path";
import type { ApiClient } from "@dataplane/client";
import type { Clock, Logger } from "@dataplane/meta";
import type { PluginHost, PluginSource } from "@dataplane/plugin-host";
import { AppCredentials } from "./app-credentials/app-credentials.js";
import { type Composition, compose } from "./compose.js";
import type { Config } from "./config/load-config.js";
import { openTokens, type Tokens } from "./identity/tokens.js";
import { openUsers } from "./identity/users.js";
import type { OpenedStorage } from "./keys/open-storage.js";
import { composeAggregator } from "./parts/compose-aggregator.js";
import { composeApiServer } from "./parts/compose-api-server.js";
import { kubeconfigTokens } from "./parts/kubeconfig-tokens.js";
import { noPlugins } from "./parts/no-plugins.js";
import { aggregatorOf, apiServerOf } from "./parts/part-of.js";
import { type OpenPluginsOptions, openPlugins } from "./plugins.js";
import type { Certificates } from "./tls/certificates.js";

export interface OpenTargetOptions {
  readonly config: Config;
  readonly root: string;
  readonly env: NodeJS.ProcessEnv;
  readonly certificates: Certificates;
  /** Closed by who opened it; absent where the API server is another process. */
  readonly storage: OpenedStorage | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Workers, which come after all this: see PluginHostOptions and ComposeOptions. */
  readonly alsoDrained?: OpenPluginsOptions["alsoDrained"];
  readonly gatherMetrics?: (own: string) => Promise<string>;
  /** What is to be closed at the end, in this order; filled as it is opened. */
  readonly closing: (() => Promise<void>)[];
}

/** What this process serves, by `[server] target`. */
export interface OpenedTarget {
  readonly composition: Composition;
  readonly plugins: PluginSource;
  /** The same, where this process runs them. */
  readonly host?: PluginHost;
  /** Of the token in the kubeconfig. */
  readonly tokens: Pick<Tokens, "sign">;
  /** Of apps; absent where there are no plugins, or nobody can reach this server. */
  readonly credentials?: AppCredentials;
  /** Starts the plugins, where there are any. */
  startPlugins(): void;
}

export function openTarget(options: OpenTargetOptions): Promise<OpenedTarget> {
  if (options.config.target === "aggregator") return Promise.resolve(openAggregator(options));
  return options.config.target === "apiserver" ? openApiServer(options) : openAll(options);
}

async function openAll(options: OpenTargetOptions): Promise<OpenedTarget> {
  const { closing } = options;
  const late = lateCredentials(options);
  const plugins = openPlugins({ ...options, ...late.environment });
  closing.push(() => plugins.stop());
  const stored = await openStored(options);
  const composition = compose({ ...options, ...stored, plugins });
  return { ...withPlugins(plugins, closing), composition, tokens: stored.tokens, ...late.open(composition.client, plugins) };
}

/** Credentials come by the API that is composed with the plugins: by the time that one starts, both are there. */
function lateCredentials({ config, certificates, clock, logger }: OpenTargetOptions) {
  if (!config.ensureKubectlAccess) return { environment: {}, open: () => ({}) };
  let credentials: AppCredentials | undefined;
  const environmentFor: NonNullable<OpenPluginsOptions["environmentFor"]> = (plugin, signal) =>
    credentials === undefined ? Promise.reject(new Error("the server is not composed yet")) : credentials.environmentFor(plugin, signal);
  return {
    environment: { environmentFor },
    open(client: ApiClient, plugins: PluginSource) {
      const directory = path.join(config.dataPath, "run", "apps");
      credentials = new AppCredentials({ client, plugins, directory, serving: certificates.serving, clock, logger });
      return { credentials };
    },
  };
}

async function openApiServer(options: OpenTargetOptions): Promise<OpenedTarget> {
  const stored = await openStored(options);
  const aggregator = aggregatorOf(options.config, options.root);
  return {
    composition: composeApiServer({ ...options, ...stored, aggregator }),
    plugins: noPlugins,
    tokens: stored.tokens,
    startPlugins: () => undefined,
  };
}

function openAggregator(options: OpenTargetOptions): OpenedTarget {
  const { closing } = options;
  const late = lateCredentials(options);
  const plugins = openPlugins({ ...options, ...late.environment });
  closing.push(() => plugins.stop());
  const apiServer = apiServerOf(options.config, options.root);
  const composition = composeAggregator({ ...options, apiServer, plugins });
  const tokens = kubeconfigTokens({ apiServer, certificates: options.certificates });
  return { ...withPlugins(plugins, closing), composition, tokens, ...late.open(composition.client, plugins) };
}

/** However this process ends, short of SIGKILL, no plugin stays behind. */
function withPlugins(
  plugins: ReturnType<typeof openPlugins>,
  closing: OpenTargetOptions["closing"],
): Pick<OpenedTarget, "plugins" | "host" | "startPlugins"> {
  return {
    plugins,
    host: plugins,
    startPlugins() {
      plugins.start();
      const killPlugins = (): void => plugins.kill();
      process.once("exit", killPlugins);
      closing.push(() => Promise.resolve(void process.off("exit", killPlugins)));
    },
  };
}

async function openStored({ config, certificates, storage, clock }: OpenTargetOptions) {
  if (storage === undefined) throw new Error("an API server has a store");
  const { store, keyDirectory } = storage;
  const tokens = openTokens(keyDirectory, () => clock.now());
  const users = await openUsers({ directory: keyDirectory, adminUser: config.adminUser, adminPassword: config.adminPassword });
  const shared = storage.isShared ? { shared: {} } : {};
  return { store, tokens, users, keyDirectory, ...shared, ...(config.ensureKubectlAccess ? { serving: certificates.serving } : {}) };
}
