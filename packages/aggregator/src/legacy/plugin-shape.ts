import { type ApiObject, isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";
import type { Plugin } from "@dataplane/plugin-host";

/** Settings of an app in one namespace; undefined where it has none. */
export type AppObject = ApiObject | undefined;

/** A plugin in `GET /api/plugins`, as Grafana's older API shows it. */
export function legacyPlugin(plugin: Plugin, settings: AppObject): JsonObject {
  const { id, json } = plugin;
  const { raw } = json;
  const spec = specOf(settings);
  const isApp = json.type === "app";
  return {
    name: json.name,
    type: json.type,
    id,
    enabled: !isApp || spec["enabled"] !== false,
    pinned: isApp && spec["pinned"] === true,
    info: raw["info"] ?? {},
    dependencies: raw["dependencies"] ?? {},
    latestVersion: "",
    hasUpdate: false,
    defaultNavUrl: isApp ? `/plugins/${id}/` : "",
    category: raw["category"] ?? "",
    state: raw["state"] ?? "",
    signature: plugin.signature,
    signatureType: signatureTypeOf(plugin),
    signatureOrg: "",
  };
}

/** The same in `GET /api/plugins/:id/settings`, with an app's settings: never a secret, only which there are. */
export function legacyPluginSettings(plugin: Plugin, settings: AppObject): JsonObject {
  const { id, json } = plugin;
  const secure = settings?.["secure"];
  return {
    ...legacyPlugin(plugin, settings),
    module: `public/plugins/${id}/module.js`,
    baseUrl: `public/plugins/${id}`,
    includes: json.raw["includes"] ?? [],
    jsonData: specOf(settings)["jsonData"] ?? {},
    secureJsonFields: Object.fromEntries(Object.keys(isJsonObject(secure) ? secure : {}).map((key) => [key, true])),
  };
}

/** Where Grafana's pages find a plugin's small logo. */
export function logoOf({ id, json }: Plugin): string {
  const info = json.raw["info"];
  const logos = isJsonObject(info) && isJsonObject(info["logos"]) ? info["logos"] : {};
  return typeof logos["small"] === "string" && logos["small"] !== "" ? `public/plugins/${id}/${logos["small"]}` : "";
}

function signatureTypeOf({ signature }: Plugin): string {
  if (signature === "internal") return "grafana";
  return signature === "valid" ? "private" : "";
}

function specOf(settings: AppObject): Readonly<Record<string, JsonValue>> {
  const spec = settings?.["spec"];
  return isJsonObject(spec) ? spec : {};
}
