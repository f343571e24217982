import { type Plugin, type PluginSource, PluginUnavailable } from "@dataplane/plugin-host";

/** Plugins that were found and are never called. */
export interface KnownPlugins extends PluginSource {
  /** One more is found. */
  add(id: string, options?: KnownPluginOptions): void;
}

export interface KnownPluginOptions {
  readonly type?: "datasource" | "app";
  readonly backend?: boolean;
}

export function knownPlugins(ids: readonly string[]): KnownPlugins {
  const found = new Map(ids.map((id) => [id, knownPlugin(id)]));
  const listeners = new Set<(pluginId: string) => void>();
  return {
    get: (id) => found.get(id),
    list: () => [...found.values()],
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    add(id, options) {
      found.set(id, knownPlugin(id, options));
      for (const listener of listeners) listener(id);
    },
  };
}

const knownPlugin = (id: string, { type = "datasource", backend = true }: KnownPluginOptions = {}): Plugin => ({
  id,
  json: { id, type, name: id, version: "1.0.0", backend, executable: `gpx_${id}`, streaming: false, routes: [], raw: {} },
  directory: `/plugins/${id}`,
  signature: "internal",
  state: { phase: "running", reason: "Running", message: "", since: new Date(0), restarts: 0, pid: 1, note: undefined },
  client: () => Promise.reject(new PluginUnavailable({ pluginId: id, reason: "Stopped", message: "not run here", retryAfterSeconds: 1 })),
  restart: () => Promise.reject(new Error("not run here")),
});
