import type { PluginSource } from "@dataplane/plugin-host";

/** Of a process that runs none. */
export const noPlugins: PluginSource = { get: () => undefined, list: () => [], onChange: () => () => undefined };
