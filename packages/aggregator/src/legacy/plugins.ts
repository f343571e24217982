import { json } from "@dataplane/apiserver";
import type { ResourceRef } from "@dataplane/client";
import { ApiError, type ApiObject, type HttpRequest, notFound } from "@dataplane/meta";
import { isAppAllowed, requireAppAllowed } from "./legacy-app.js";
import { namespaceOf } from "./legacy-data-source.js";
import type { LegacyOptions, LegacyRoute } from "./legacy-handler.js";
import { legacyPlugin, legacyPluginSettings } from "./plugin-shape.js";

const appSettings: ResourceRef = { group: "apps.grafana.app", version: "v0alpha1", resource: "appsettings", namespaced: true };

/** `GET /api/plugins`, with `?type=app`: data source plugins, and the apps whose settings the caller may get. */
const list: LegacyRoute = {
  method: "GET",
  path: /^\/api\/plugins$/,
  handle: async (request, options) => {
    const namespace = namespaceOf(request);
    const type = request.query.get("type") ?? "";
    const asked = options.plugins.list().filter((plugin) => type === "" || plugin.json.type === type);
    const shown = asked.map(async (plugin) => {
      if (plugin.json.type !== "app") return [legacyPlugin(plugin, undefined)];
      if (!(await isAppAllowed(request, options.authorizer, { pluginId: plugin.id, namespace, verb: "get", subresource: "" }))) return [];
      return [legacyPlugin(plugin, await settingsOf(request, options, plugin.id))];
    });
    return json(200, (await Promise.all(shown)).flat());
  },
};

/** `GET /api/plugins/:id/settings`. */
const settings: LegacyRoute = {
  method: "GET",
  path: /^\/api\/plugins\/([^/]+)\/settings$/,
  handle: async (request, options, [id]) => {
    const plugin = options.plugins.get(id);
    if (plugin === undefined) throw notFound("plugins", id);
    if (plugin.json.type !== "app") return json(200, legacyPluginSettings(plugin, undefined));
    const namespace = namespaceOf(request);
    await requireAppAllowed(request, options.authorizer, { pluginId: id, namespace, verb: "get", subresource: "" });
    return json(200, legacyPluginSettings(plugin, await settingsOf(request, options, id)));
  },
};

export const legacyPlugins: readonly LegacyRoute[] = [list, settings];

async function settingsOf(request: HttpRequest, { client }: LegacyOptions, name: string): Promise<ApiObject | undefined> {
  try {
    return await client.get<ApiObject>(appSettings, { name, namespace: namespaceOf(request) }, request.signal);
  } catch (thrown) {
    if (thrown instanceof ApiError && thrown.code === 404) return undefined;
    throw thrown;
  }
}
