import { type ApiObject, isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";
import { ownGroupVersion, type Plugin } from "@dataplane/plugin-host";
import { orgIdOf } from "../org-id.js";
import { instanceIdOf } from "../plugin-context-object.js";
import { logoOf } from "./plugin-shape.js";

/** A data source as Grafana's older API shows it: never a secret, only which there are. */
export function legacyDataSource(object: ApiObject, plugin: Plugin): JsonObject {
  const { name: uid, namespace = "", generation = 1 } = object.metadata;
  const spec = objectOr(object["spec"]);
  return {
    id: legacyIdOf(object),
    uid,
    orgId: orgIdOf(namespace),
    name: legacyNameOf(object),
    type: plugin.id,
    typeName: plugin.json.name,
    typeLogoUrl: logoOf(plugin),
    access: textOr(spec["access"], "proxy"),
    url: textOr(spec["url"], ""),
    user: textOr(spec["user"], ""),
    database: textOr(spec["database"], ""),
    basicAuth: spec["basicAuth"] === true,
    basicAuthUser: textOr(spec["basicAuthUser"], ""),
    withCredentials: spec["withCredentials"] === true,
    isDefault: spec["isDefault"] === true,
    jsonData: objectOr(spec["jsonData"]),
    secureJsonFields: secureFieldsOf(object),
    version: generation,
    readOnly: spec["readOnly"] === true,
    apiVersion: ownGroupVersion,
  };
}

/** The number that plugins are told as well. */
export const legacyIdOf = ({ metadata }: ApiObject): number => instanceIdOf(metadata.uid ?? metadata.name);

/** The name for people; a data source without one has its uid. */
export const legacyNameOf = (object: ApiObject): string => textOr(objectOr(object["spec"])["title"], "") || object.metadata.name;

/** Which secrets there are, each `true`. */
export const secureFieldsOf = (object: ApiObject): JsonObject =>
  Object.fromEntries(Object.keys(objectOr(object["secure"])).map((key) => [key, true]));

export const objectOr = (value: unknown): JsonObject => (isJsonObject(value) ? value : {});
const textOr = (value: JsonValue | undefined, fallback: string): string => (typeof value === "string" ? value : fallback);
