import type { UserInfo } from "@dataplane/meta";
import type { Plugin } from "@dataplane/plugin-host";
import type { PluginContext } from "@dataplane/plugin-protocol";
import { orgIdOf } from "./org-id.js";
import type { PluginContexts } from "./plugin-contexts.js";
import { pluginUser } from "./plugin-user.js";

/** What calls about objects, rather than about data, need of the data plane around them. */
export interface PluginHooksOptions {
  readonly plugin: Plugin;
  readonly contexts: PluginContexts;
  /** Of one call to the plugin. */
  readonly callTimeoutMs: number;
  /** gRPC metadata beside the tenant's. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * The context of a call about objects: an app's settings in their namespace. A data source plugin is asked about objects that belong to
 * no data source, so there is no instance in it. Throws ApiError NotFound for an app that is switched off there.
 */
export async function hookContext(
  { plugin, contexts }: Pick<PluginHooksOptions, "plugin" | "contexts">,
  { namespace, user }: { readonly namespace: string; readonly user: UserInfo },
  signal: AbortSignal,
): Promise<PluginContext> {
  if (plugin.json.type === "app") return (await contexts.forApp({ pluginId: plugin.id, namespace }, user, signal)).pluginContext;
  return {
    orgId: orgIdOf(namespace),
    pluginId: plugin.id,
    pluginVersion: plugin.json.version,
    user: pluginUser(user),
    grafanaConfig: {},
    userAgent: "",
    apiVersion: "",
    namespace,
  };
}
