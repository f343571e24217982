import type { ApiObject } from "@dataplane/meta";
import type { PluginSource } from "@dataplane/plugin-host";
import { manifestSpecFrom } from "../app-manifest-spec.js";

/** Names the plugin that answers for a manifest. */
export const pluginLabel = "dataplane/plugin";

/** The plugin of a manifest: as its label says, else that whose id is the app's name. */
export function pluginOf(manifest: ApiObject, plugins: Pick<PluginSource, "get">): string | undefined {
  const label = manifest.metadata.labels?.[pluginLabel];
  if (label !== undefined && label !== "") return label;
  const { appName } = manifestSpecFrom(manifest);
  return plugins.get(appName) === undefined ? undefined : appName;
}
