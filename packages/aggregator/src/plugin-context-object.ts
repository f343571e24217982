import { createHash } from "node:crypto";
import { type ApiObject, isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";
import type { DataSourceInstanceSettings } from "@dataplane/plugin-protocol";

/**
 * Reads what `GET …/datasources/<uid>/plugincontext` of the plugin's own group answers:
 * `{kind: "PluginContext", metadata: {name, namespace, uid, resourceVersion}, instance: {uid, name, type, url, user, database,
 * basicAuthEnabled, basicAuthUser, jsonData, decryptedSecureJsonData, lastUpdatedMs}}`. `metadata` is the DataSource's. Never logged.
 */
export function instanceSettingsFrom(object: ApiObject): { readonly settings: DataSourceInstanceSettings; readonly jsonData: JsonObject } {
  const raw = object["instance"];
  const instance: JsonObject = isJson(raw) && isJsonObject(raw) ? raw : {};
  const jsonData = isJsonObject(instance["jsonData"]) ? instance["jsonData"] : {};
  const secrets = isJsonObject(instance["decryptedSecureJsonData"]) ? instance["decryptedSecureJsonData"] : {};
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
      decryptedSecureJsonData: Object.fromEntries(
        Object.entries(secrets).flatMap(([key, value]) => (typeof value === "string" ? [[key, value]] : [])),
      ),
      lastUpdatedMS: typeof instance["lastUpdatedMs"] === "number" ? instance["lastUpdatedMs"] : 0,
      apiVersion: "",
    },
  };
}

/** A number for plugins that know data sources by one: 53 bits of a hash, so that every host language holds it exactly. */
const instanceIdOf = (uid: string): number => Number(createHash("sha256").update(uid).digest().readBigUInt64BE() >> 11n);

const text = (value: JsonValue | undefined): string => (typeof value === "string" ? value : "");
// Fields of an object of the API other than metadata are JSON.
const isJson = (value: ApiObject[string]): value is JsonValue => value !== undefined;
