import path from "node:path";
import type { Clock, Logger } from "@dataplane/meta";
import { createPluginHost, type PluginHost, type PluginHostOptions, type PluginSource, readTrustedKeys } from "@dataplane/plugin-host";
import { links, type OpenLink } from "@dataplane/plugin-protocol";
import { type Config, ConfigError } from "./config/load-config.js";
import { recordedLink } from "./recorded-link.js";
import { version } from "./version.js";

export interface OpenPluginsOptions {
  readonly config: Config;
  /** Relative paths count from here. */
  readonly root: string;
  readonly env: NodeJS.ProcessEnv;
  /** Credentials of apps; none when absent. */
  readonly environmentFor?: PluginHostOptions["environmentFor"];
  readonly alsoDrained?: PluginHostOptions["alsoDrained"];
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * The plugins that come with the server, those of `[paths] plugins`, and before them those whose `[plugin.<id>] path` says where they
 * are. Throws ConfigError for trusted keys that cannot be read.
 */
export function openPlugins({ config, root, env, environmentFor, alsoDrained, clock, logger }: OpenPluginsOptions): PluginHost {
  const link: OpenLink = (target, timeoutMs) => links[config.pluginLink](target, timeoutMs, { maxMessageBytes: config.maxPluginMessage });
  return createPluginHost({
    directories: [
      ...ownPaths(config, root).map((directory) => ({ path: directory, signature: "unsigned" as const })),
      { path: path.join(root, "plugins"), signature: "internal" },
      { path: config.pluginsPath, signature: "unsigned" },
    ],
    dataDirectory: config.dataPath,
    trustedKeys: trustedKeys(config, root),
    rootUrl: config.rootUrl === "" ? `http://localhost:${config.httpPort}/` : config.rootUrl,
    env,
    allowUnsigned: config.appMode === "development" ? true : config.allowUnsigned,
    settingsFor: (id) => pluginSettings(config.plugins.get(id) ?? {}),
    ...(environmentFor === undefined ? {} : { environmentFor }),
    ...(alsoDrained === undefined ? {} : { alsoDrained }),
    version: version.server,
    link,
    linkFor: ({ id, raw }) => {
      const file = config.plugins.get(id)?.[recordKey] ?? "";
      return file === ""
        ? undefined
        : recordedLink({ open: link, file: path.resolve(root, file), plugin: raw, logger: logger.child({ plugin: id }) });
    },
    clock,
    logger,
    startTimeoutMs: config.pluginStartTimeout,
    autoMtls: config.pluginAutoMtls,
    startWaitMs: config.pluginStartWait,
    watchPeriodMs: config.pluginWatchInterval,
    drainMs: config.pluginDrainTimeout,
    giveUpAfter: config.pluginGiveUpAfter,
    memoryLimitBytes: config.pluginMemoryLimit,
  });
}

/** Keys of `[plugin.<id>]` that are the host's and not the plugin's: where it is, and the file that its calls are recorded in. */
const pathKey = "path";
const recordKey = "record";
const hostKeys: ReadonlySet<string> = new Set([pathKey, recordKey]);

const ownPaths = ({ plugins }: Config, root: string): readonly string[] =>
  [...plugins.values()].flatMap((keys) => {
    const directory = keys[pathKey];
    return directory === undefined || directory === "" ? [] : [path.resolve(root, directory)];
  });

function trustedKeys({ pluginTrustedKeys }: Config, root: string): readonly string[] {
  try {
    return readTrustedKeys(pluginTrustedKeys.map((file) => path.resolve(root, file)));
  } catch (thrown) {
    throw new ConfigError(`[plugins] trusted_keys: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
}

/** `[plugin.<id>] cache_size` is GF_PLUGIN_CACHE_SIZE in the plugin's process. */
const pluginSettings = (keys: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(keys)
      .filter(([key]) => !hostKeys.has(key))
      .map(([key, value]) => [`GF_PLUGIN_${key.toUpperCase().replace(/[.-]/g, "_")}`, value]),
  );

/** Resolves when no plugin is starting any more, after `patienceMs` at the latest: what is then said of the plugins is worth reading. */
export async function pluginsSettled(plugins: PluginSource, clock: Clock, patienceMs: number): Promise<void> {
  const stop = new AbortController();
  let check = (): void => undefined;
  const settled = new Promise<void>((resolve) => {
    check = () => {
      if (plugins.list().every(({ state }) => state.phase !== "starting")) resolve();
    };
  });
  const unlisten = plugins.onChange(() => check());
  check();
  await Promise.race([settled, clock.sleep(patienceMs, stop.signal).catch(() => undefined)]);
  unlisten();
  stop.abort();
}
