import type { Informer } from "@dataplane/client";
import { type ApiObject, isJsonObject, systemClock } from "@dataplane/meta";
import { type Plugin, type PluginSource, PluginUnavailable, parsePluginJson } from "@dataplane/plugin-host";

/**
 * The data source plugins that a server without plugins knows of: those that stored DataPlaneServices name. It serves their data sources,
 * and can call none.
 */
export function storedPlugins(services: Informer<ApiObject>): PluginSource {
  const plugins = new Map<string, Plugin>();
  const names = (): ReadonlySet<string> => new Set(services.list().flatMap((service) => pluginOf(service) ?? []));
  const known = (): readonly Plugin[] =>
    [...names()].flatMap((id) => {
      const plugin = plugins.get(id) ?? dataSourcePlugin(id);
      if (plugin !== undefined) plugins.set(id, plugin);
      return plugin ?? [];
    });
  return {
    get: (id) => known().find((plugin) => plugin.id === id),
    list: known,
    onChange: (listener) =>
      services.onChange(({ object }) => {
        const id = pluginOf(object);
        if (id !== undefined) listener(id);
      }),
  };
}

function pluginOf({ spec }: ApiObject): string | undefined {
  if (!isJsonObject(spec) || spec["pluginType"] !== "datasource") return undefined;
  return typeof spec["pluginID"] === "string" ? spec["pluginID"] : undefined;
}

/** Undefined for what is no plugin's id. */
function dataSourcePlugin(id: string): Plugin | undefined {
  const elsewhere = new PluginUnavailable({ pluginId: id, reason: "Elsewhere", message: "the plugin runs at the aggregator", retryAfterSeconds: 1 });
  try {
    return {
      id,
      json: parsePluginJson(JSON.stringify({ id, type: "datasource", name: id, backend: true })),
      directory: "",
      signature: "valid",
      state: {
        phase: "stopped",
        reason: "Elsewhere",
        message: elsewhere.message,
        since: systemClock.now(),
        restarts: 0,
        pid: undefined,
        note: undefined,
      },
      client: () => Promise.reject(elsewhere),
      restart: () => Promise.reject(elsewhere),
    };
  } catch {
    return undefined;
  }
}
