import path from "node:path";
import type { Clock, Logger } from "@dataplane/meta";
import { createPluginHost, type PluginHost, type PluginSource } from "@dataplane/plugin-host";
import { links } from "@dataplane/plugin-protocol";
import type { Config } from "./config/load-config.js";
import { version } from "./version.js";

/** The plugins that come with the server, and those of `[paths] plugins`. */
export function openPlugins(options: { readonly config: Config; readonly root: string; readonly clock: Clock; readonly logger: Logger }): PluginHost {
  const { config, root, clock, logger } = options;
  return createPluginHost({
    directories: [
      { path: path.join(root, "plugins"), signature: "internal" },
      { path: config.pluginsPath, signature: "unsigned" },
    ],
    dataDirectory: config.dataPath,
    allowUnsigned: config.appMode === "development" ? true : config.allowUnsigned,
    settingsFor: (id) => pluginSettings(config.plugins.get(id) ?? {}),
    version: version.server,
    link: links[config.pluginLink],
    clock,
    logger,
    startTimeoutMs: config.pluginStartTimeout,
    startWaitMs: config.pluginStartWait,
  });
}

/** `[plugin.<id>] cache_size` is GF_PLUGIN_CACHE_SIZE in the plugin's process. */
const pluginSettings = (keys: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(keys).map(([key, value]) => [`GF_PLUGIN_${key.toUpperCase().replace(/[.-]/g, "_")}`, value]));

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
