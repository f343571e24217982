import { isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";
import type { PluginJson } from "@dataplane/plugin-host";
import type { AppInstanceSettings, DataQuery, DataSourceInstanceSettings, PluginContext } from "@dataplane/plugin-protocol";

/** What the plugin under test is asked with. */
export interface TestInput {
  readonly json: PluginJson;
  /** Settings as a user writes them: url, user, jsonData, secureJsonData. */
  readonly settings: JsonObject;
  /** At least one query; each has a refId of its own. */
  readonly queries: readonly JsonObject[];
  /** A channel that exists; undefined when the caller names none. */
  readonly channel: string | undefined;
  /** A path for resource calls. */
  readonly resource: string;
}

const encode = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const text = (value: JsonValue | undefined): string => (typeof value === "string" ? value : "");

/** Reads the file of `--query`: one query, a list of them, or a body with `queries`. Throws an Error that says what is wrong. */
export function queriesOf(value: JsonValue): readonly JsonObject[] {
  const given = isJsonObject(value) ? (value["queries"] ?? [value]) : value;
  if (!Array.isArray(given) || given.length === 0) throw new Error("the query file must hold a query, a list of them, or an object with queries");
  return given.map((query, index) => {
    if (!isJsonObject(query)) throw new Error(`query ${index} must be an object`);
    return { ...query, refId: text(query["refId"]) === "" ? `Q${index}` : text(query["refId"]) };
  });
}

export const refIdOf = (query: JsonObject): string => text(query["refId"]);

/** The context that a host sends. `updated` (milliseconds) is when the settings last changed: another one makes another instance. */
export function contextOf({ json, settings }: TestInput, updated = 1): PluginContext {
  const context = contextWithoutSettings(json);
  const secure = isJsonObject(settings["secureJsonData"]) ? settings["secureJsonData"] : {};
  const common: AppInstanceSettings = {
    jsonData: encode(settings["jsonData"] ?? {}),
    decryptedSecureJsonData: Object.fromEntries(Object.entries(secure).map(([key, value]) => [key, text(value)])),
    lastUpdatedMS: updated,
    apiVersion: "",
  };
  if (json.type === "app") return { ...context, appInstanceSettings: common };
  const dataSourceInstanceSettings: DataSourceInstanceSettings = {
    ...{ ...common, id: 1, uid: "protocol-test", name: "protocol-test" },
    url: text(settings["url"]),
    user: text(settings["user"]),
    database: text(settings["database"]),
    basicAuthEnabled: text(settings["basicAuthUser"]) !== "",
    basicAuthUser: text(settings["basicAuthUser"]),
  };
  return { ...context, dataSourceInstanceSettings };
}

export function contextWithoutSettings(json: PluginJson): PluginContext {
  return {
    orgId: 1,
    pluginId: json.id,
    grafanaConfig: { GF_APP_URL: "http://localhost:3000/" },
    pluginVersion: json.version,
    userAgent: "Grafana/12.0.0 (linux; amd64)",
    apiVersion: "",
    namespace: "default",
    user: { login: "tester", name: "", email: "", role: "Admin" },
  };
}

/** A query as the host sends it, over the last hour. */
export function dataQueryOf(query: JsonObject): DataQuery {
  const to = Math.floor(Date.now() / 60_000) * 60_000;
  return {
    refId: refIdOf(query),
    queryType: text(query["queryType"]),
    maxDataPoints: 100,
    intervalMS: 60_000,
    timeRange: { fromEpochMS: to - 3_600_000, toEpochMS: to },
    json: encode(query),
  };
}
