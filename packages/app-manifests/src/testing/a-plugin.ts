import { type Plugin, type PluginSource, PluginUnavailable, parsePluginJson } from "@dataplane/plugin-host";

/** A plugin that is found, and whose process never starts. */
export function aPlugin(id: string, directory: string, json: object = {}): Plugin {
  const unavailable = { pluginId: id, reason: "Stopped", message: "it never starts", retryAfterSeconds: 1 };
  return {
    id,
    directory,
    json: parsePluginJson(JSON.stringify({ id, type: "app", name: id, backend: true, info: { version: "1.0.0" }, ...json })),
    signature: "unsigned",
    state: { phase: "stopped", reason: "Stopped", message: "", since: new Date(0), restarts: 0, pid: undefined, note: undefined },
    client: () => Promise.reject(new PluginUnavailable(unavailable)),
    restart: () => Promise.resolve(),
  };
}

export interface TestPlugins extends PluginSource {
  put(plugin: Plugin): void;
  remove(id: string): void;
}

/** Plugins that come and go as a test says. */
export function testPlugins(...found: readonly Plugin[]): TestPlugins {
  const plugins = new Map(found.map((it) => [it.id, it]));
  const listeners = new Set<(id: string) => void>();
  const tell = (id: string): void => {
    for (const listener of listeners) listener(id);
  };
  return {
    get: (id) => plugins.get(id),
    list: () => [...plugins.values()],
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    put(plugin) {
      plugins.set(plugin.id, plugin);
      tell(plugin.id);
    },
    remove(id) {
      plugins.delete(id);
      tell(id);
    },
  };
}
