import type { Authorizer } from "@dataplane/apiserver";
import { ApiError, badRequest, type HttpRequest, notFound, type RequestInfo } from "@dataplane/meta";
import type { Plugin, PluginSource } from "@dataplane/plugin-host";
import { callerOf } from "../service-types/run-queries.js";

export interface AskedOfApp {
  readonly pluginId: string;
  readonly namespace: string;
  readonly verb: string;
  /** Of the app's settings object: `health`, `resources`; empty for the settings themselves. */
  readonly subresource: string;
}

const group = "apps.grafana.app";
const version = "v0alpha1";

/** Whether the caller may do that with an app: rights are on its settings object in the namespace. */
export async function isAppAllowed(request: HttpRequest, authorizer: Authorizer, asked: AskedOfApp): Promise<boolean> {
  return (await authorizer.authorize(callerOf({ request }), infoOf(asked))).allowed;
}

/** Throws Forbidden unless the caller may. */
export async function requireAppAllowed(request: HttpRequest, authorizer: Authorizer, asked: AskedOfApp): Promise<void> {
  if (await isAppAllowed(request, authorizer, asked)) return;
  const { pluginId, verb, subresource } = asked;
  const what = subresource === "" ? "appsettings" : `appsettings/${subresource}`;
  const { name } = callerOf({ request });
  throw new ApiError("Forbidden", `appsettings.${group} "${pluginId}" is forbidden: User ${JSON.stringify(name)} cannot ${verb} resource "${what}"`, {
    details: { name: pluginId, group, kind: "appsettings" },
  });
}

/** The app of that id. Throws NotFound, and BadRequest for a plugin that is none: then `instead` says where to ask. */
export function appOf(plugins: PluginSource, id: string, instead: string): Plugin {
  const plugin = plugins.get(id);
  if (plugin === undefined) throw notFound("plugins", id);
  if (plugin.json.type !== "app") throw badRequest(`plugin ${JSON.stringify(id)} is no app: ask one of its data sources, at ${instead}`);
  return plugin;
}

function infoOf({ pluginId, namespace, verb, subresource }: AskedOfApp): RequestInfo {
  const segments = ["namespaces", namespace, "appsettings", pluginId, ...(subresource === "" ? [] : [subresource])];
  const path = `/apis/${group}/${version}/${segments.join("/")}`;
  return { isResourceRequest: true, path, verb, group, version, namespace, resource: "appsettings", name: pluginId, subresource, segments };
}
