import type { PluginHost } from "@dataplane/plugin-host";
import type { Config } from "../config/load-config.js";
import type { PluginRecord } from "./messages.js";

/** What workers are told of one plugin; undefined when it is gone. */
export function pluginRecord(
  id: string,
  plugins: Pick<PluginHost, "get" | "targetOf">,
  { plugins: keys }: Pick<Config, "plugins">,
): PluginRecord | undefined {
  const plugin = plugins.get(id);
  if (plugin === undefined) return undefined;
  const { json, directory, signature, state } = plugin;
  // One process writes the recording of a plugin's calls: they are all its own.
  const isRecorded = (keys.get(id)?.["record"] ?? "") !== "";
  return { id, json: JSON.stringify(json.raw), directory, signature, state, target: isRecorded ? undefined : plugins.targetOf(id) };
}
