import { type ApiObject, apiVersionOf, isJsonObject, type JsonObject } from "@dataplane/meta";
import { parseAllDocuments } from "yaml";
import { apiServicesRef } from "../apiservice.js";
import { externalNamesRef } from "./external-name.js";

/** A file that does not say what it should; the message names the entry. */
export class RemoteServicesError extends Error {
  override readonly name = "RemoteServicesError";
}

const kinds: ReadonlySet<string> = new Set(["APIService", "ExternalName", "Service"]);

/** The namespace of what the short form makes. */
const namespace = "default";

/**
 * The objects in a file of remote API servers, YAML or JSON: documents or lists of APIServices and ExternalNames (or Services), and the short
 * form `{group, version, host, port, caBundle, insecureSkipTLSVerify}`, which stands for one of each. Throws RemoteServicesError.
 */
export function remoteServices(text: string): readonly ApiObject[] {
  return parseAllDocuments(text, { uniqueKeys: true })
    .flatMap((document, index) => {
      const [problem] = document.errors;
      if (problem !== undefined) throw new RemoteServicesError(`document ${index}: ${problem.message.replace(/\s+/g, " ")}`);
      const value: unknown = document.toJS({ maxAliasCount: 100 });
      return itemsOf(value);
    })
    .flatMap((item, index) => objectsOf(item, `entry ${index}`));
}

function itemsOf(value: unknown): readonly unknown[] {
  if (value === null || value === undefined) return [];
  if (Array.isArray(value)) return value as readonly unknown[];
  return isJsonObject(value) && value["kind"] === "List" && Array.isArray(value["items"]) ? value["items"] : [value];
}

function objectsOf(item: unknown, where: string): readonly ApiObject[] {
  if (!isJsonObject(item)) throw new RemoteServicesError(`${where} is no object`);
  const { apiVersion, kind, metadata } = item;
  if (kind === undefined) return shortForm(item, where);
  if (typeof kind !== "string" || !kinds.has(kind)) throw new RemoteServicesError(`${where}: kind must be one of ${[...kinds].join(", ")}`);
  if (typeof apiVersion !== "string") throw new RemoteServicesError(`${where}: apiVersion is missing`);
  const name = isJsonObject(metadata) ? metadata["name"] : undefined;
  if (typeof name !== "string" || name === "") throw new RemoteServicesError(`${where}: metadata.name is missing`);
  const own = isJsonObject(metadata) && typeof metadata["namespace"] === "string" ? metadata["namespace"] : namespace;
  return [{ ...item, apiVersion, kind, metadata: { name, ...(kind === "APIService" ? {} : { namespace: own }) } }];
}

function shortForm(entry: JsonObject, where: string): readonly ApiObject[] {
  const [group, version, host] = (["group", "version", "host"] as const).map((key) => requiredText(entry, key, where));
  const { port = 443 } = entry;
  if (typeof port !== "number") throw new RemoteServicesError(`${where}: port must be a number`);
  const name = `${version ?? ""}-${group ?? ""}`.replaceAll(".", "-");
  return [
    {
      apiVersion: apiVersionOf(externalNamesRef),
      kind: "ExternalName",
      metadata: { name, namespace },
      spec: { host: host ?? "" },
    },
    {
      apiVersion: apiVersionOf(apiServicesRef),
      kind: "APIService",
      metadata: { name: `${version ?? ""}.${group ?? ""}` },
      spec: {
        ...{ group: group ?? "", version: version ?? "", service: { namespace, name, port }, groupPriorityMinimum: 1_000, versionPriority: 15 },
        ...trustOf(entry),
      },
    },
  ];
}

function requiredText(entry: JsonObject, key: string, where: string): string {
  const value = entry[key];
  if (typeof value !== "string" || value === "") throw new RemoteServicesError(`${where}: ${key} must be a text`);
  return value;
}

/** As an APIService has it; the system's CAs where neither is said. */
const trustOf = ({ caBundle, insecureSkipTLSVerify }: JsonObject): JsonObject => ({
  ...(caBundle === undefined ? {} : { caBundle }),
  ...(insecureSkipTLSVerify === undefined ? {} : { insecureSkipTLSVerify }),
});
