import { createHash } from "node:crypto";
import { type ApiObject, isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";
import type { AppInstanceSettings, DataSourceInstanceSettings } from "@dataplane/plugin-protocol";

/** A data source as its plugin is given it. */
export interface DataSourceSettings {
  readonly settings: DataSourceInstanceSettings;
  readonly jsonData: JsonObject;
}

/** An app as its plugin is given it, in one namespace. */
export interface AppSettings {
  readonly enabled: boolean;
  readonly settings: AppInstanceSettings;
  readonly jsonData: JsonObject;
}

/** What an app without an object of its own runs with. */
export const noAppSettings: AppSettings = {
  enabled: true,
  jsonData: {},
  settings: { jsonData: Buffer.from("{}"), decryptedSecureJsonData: {}, lastUpdatedMS: 0, apiVersion: "" },
};

/**
 * Reads what `GET …/appsettings/<plugin id>/plugincontext` of `apps.grafana.app` answers: `{kind: "PluginContext", metadata, app: {enabled,
 * jsonData, decryptedSecureJsonData, lastUpdatedMs}}`. `metadata` is the AppSettings'. Never logged.
 */
export function appSettingsFrom(object: ApiObject): AppSettings {
  const app = fieldOf(object, "app");
  const jsonData = isJsonObject(app["jsonData"]) ? app["jsonData"] : {};
  return {
    enabled: app["enabled"] !== false,
    jsonData,
    settings: {
      jsonData: Buffer.from(JSON.stringify(jsonData)),
      decryptedSecureJsonData: textsOf(app["decryptedSecureJsonData"]),
      lastUpdatedMS: numberOf(app["lastUpdatedMs"]),
      apiVersion: "",
    },
  };
}

/**
 * Reads what `GET …/datasources/<uid>/plugincontext` of the plugin's own group answers:
 * `{kind: "PluginContext", metadata: {name, namespace, uid, resourceVersion}, instance: {uid, name, type, url, user, database,
 * basicAuthEnabled, basicAuthUser, jsonData, decryptedSecureJsonData, lastUpdatedMs}}`. `metadata` is the DataSource's. Never logged.
 */
export function instanceSettingsFrom(object: ApiObject): DataSourceSettings {
  const instance = fieldOf(object, "instance");
  const jsonData = isJsonObject(instance["jsonData"]) ? instance["jsonData"] : {};
  return {
    jsonData,
    settings: {
      id: typeof instance["id"] === "number" ? instance["id"] : instanceIdOf(object.metadata.uid ?? object.metadata.name),
      uid: text(instance["uid"]) || object.metadata.name,
      name: text(instance["name"]) || object.metadata.name,
      url: text(instance["url"]),
      user: text(instance["user"]),
      database: text(instance["database"]),
      basicAuthEnabled: instance["basicAuthEnabled"] === true,
      basicAuthUser: text(instance["basicAuthUser"]),
      // Never empty: plugins parse it.
      jsonData: Buffer.from(JSON.stringify(jsonData)),
      decryptedSecureJsonData: textsOf(instance["decryptedSecureJsonData"]),
      lastUpdatedMS: numberOf(instance["lastUpdatedMs"]),
      apiVersion: "",
    },
  };
}

/** A number for plugins that know data sources by one: 53 bits of a hash, so that every host language holds it exactly. */
export const instanceIdOf = (uid: string): number => Number(createHash("sha256").update(uid).digest().readBigUInt64BE() >> 11n);

function fieldOf(object: ApiObject, name: string): JsonObject {
  const raw = object[name];
  return isJson(raw) && isJsonObject(raw) ? raw : {};
}

const textsOf = (value: JsonValue | undefined): Record<string, string> =>
  Object.fromEntries(Object.entries(isJsonObject(value) ? value : {}).flatMap(([key, it]) => (typeof it === "string" ? [[key, it]] : [])));

const numberOf = (value: JsonValue | undefined): number => (typeof value === "number" ? value : 0);
const text = (value: JsonValue | undefined): string => (typeof value === "string" ? value : "");
// Fields of an object of the API other than metadata are JSON.
const isJson = (value: ApiObject[string]): value is JsonValue => value !== undefined;
