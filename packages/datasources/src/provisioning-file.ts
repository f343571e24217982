import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";
import { parse } from "yaml";

/** A data source as a provisioning file says it. */
export interface ProvisionedDataSource {
  readonly namespace: string;
  readonly uid: string;
  readonly pluginId: string;
  readonly spec: JsonObject;
  readonly secure: Readonly<Record<string, string>>;
}

export interface ProvisioningFile {
  readonly dataSources: readonly ProvisionedDataSource[];
  readonly deletions: readonly { readonly name: string; readonly namespace: string }[];
  readonly prune: boolean;
}

/** A file that cannot be used; the message says where and why. */
export class ProvisioningError extends Error {
  override readonly name = "ProvisioningError";
}

/** The namespace of a Grafana organisation: `default` is 1. */
export const namespaceOfOrg = (orgId: number): string => (orgId === 1 ? "default" : `org-${orgId}`);

/** The uid that Grafana gives a data source whose file names none. */
export const uidOfName = (name: string): string => `P${createHash("sha256").update(name).digest("hex").slice(0, 16).toUpperCase()}`;

/**
 * Reads Grafana's provisioning format (https://grafana.com/docs/grafana/latest/administration/provisioning/#data-sources), version 1
 * and the older one with snake_case keys. Variables are expanded in values only: `$VAR`, `${VAR}`, `${VAR:-default}`, `$__env{VAR}`,
 * `$__file{path}`, and `$$` for a dollar. Throws ProvisioningError.
 */
export function parseProvisioningFile(text: string, env: NodeJS.ProcessEnv): ProvisioningFile {
  const document = parsed(text);
  if (document === null || document === undefined) return { dataSources: [], deletions: [], prune: false };
  if (!isJsonObject(document)) throw new ProvisioningError("expected a mapping with `apiVersion` and `datasources`");
  const reader = new Reader(document["apiVersion"] === undefined || document["apiVersion"] === 0, env);
  return {
    prune: document["prune"] === true,
    deletions: listOf(document, reader.key("deleteDatasources")).map((it, index) =>
      reader.deletion(it, `${reader.key("deleteDatasources")}[${index}]`),
    ),
    dataSources: unique(listOf(document, "datasources").map((it, index) => reader.dataSource(it, `datasources[${index}]`))),
  };
}

function parsed(text: string): unknown {
  try {
    // Few aliases are enough for people; many are a bomb.
    return parse(text, { maxAliasCount: 100 });
  } catch (error) {
    throw new ProvisioningError(error instanceof Error ? (error.message.split("\n")[0] ?? "not YAML") : "not YAML", { cause: error });
  }
}

function listOf(document: JsonObject, key: string): readonly JsonValue[] {
  const list = document[key];
  if (list === undefined || list === null) return [];
  if (!Array.isArray(list)) throw new ProvisioningError(`${key}: expected a list`);
  return list as readonly JsonValue[];
}

function unique(list: readonly ProvisionedDataSource[]): readonly ProvisionedDataSource[] {
  const seen = new Set<string>();
  for (const { namespace, uid } of list) {
    const key = `${namespace}/${uid}`;
    if (seen.has(key)) throw new ProvisioningError(`two data sources have the uid ${JSON.stringify(uid)}`);
    seen.add(key);
  }
  return list;
}

const specKeys = ["access", "isDefault", "url", "user", "database", "basicAuth", "basicAuthUser", "withCredentials"] as const;

class Reader {
  readonly #old: boolean;
  readonly #env: NodeJS.ProcessEnv;

  constructor(old: boolean, env: NodeJS.ProcessEnv) {
    this.#old = old;
    this.#env = env;
  }

  /** A key in the file's own version. */
  key(name: string): string {
    return this.#old ? name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`) : name;
  }

  deletion(value: JsonValue, where: string): { readonly name: string; readonly namespace: string } {
    const fields = this.#fields(value, where);
    return { name: this.#name(fields, where), namespace: this.#namespace(fields, where) };
  }

  dataSource(value: JsonValue, where: string): ProvisionedDataSource {
    const fields = this.#fields(value, where);
    const name = this.#name(fields, where);
    const uid = fields["uid"];
    const type = fields["type"];
    if (typeof type !== "string" || type === "") throw new ProvisioningError(`${where}.type: expected the id of a plugin`);
    const spec: Record<string, JsonValue> = { title: name, access: "proxy" };
    for (const key of specKeys) {
      const field = fields[this.key(key)];
      if (field !== undefined && field !== null && field !== "") spec[key] = field;
    }
    if (fields[this.key("editable")] !== true) spec["readOnly"] = true;
    const jsonData = fields[this.key("jsonData")];
    if (isJsonObject(jsonData)) spec["jsonData"] = jsonData;
    return {
      namespace: this.#namespace(fields, where),
      uid: typeof uid === "string" && uid !== "" ? uid : uidOfName(name),
      pluginId: type,
      spec,
      secure: textsOf(fields[this.key("secureJsonData")], `${where}.${this.key("secureJsonData")}`),
    };
  }

  #fields(value: JsonValue, where: string): JsonObject {
    if (!isJsonObject(value)) throw new ProvisioningError(`${where}: expected a mapping`);
    const expanded = expandAll(value, this.#env);
    return isJsonObject(expanded) ? expanded : {};
  }

  #name(fields: JsonObject, where: string): string {
    const { name } = fields;
    if (typeof name !== "string" || name === "") throw new ProvisioningError(`${where}.name: expected a name`);
    return name;
  }

  #namespace(fields: JsonObject, where: string): string {
    const orgId = Number(fields[this.key("orgId")] ?? 1) || 1;
    if (!Number.isSafeInteger(orgId) || orgId < 1) throw new ProvisioningError(`${where}.${this.key("orgId")}: expected a number from 1`);
    return namespaceOfOrg(orgId);
  }
}

function textsOf(value: JsonValue | undefined, where: string): Readonly<Record<string, string>> {
  if (value === undefined || value === null) return {};
  if (!isJsonObject(value)) throw new ProvisioningError(`${where}: expected a mapping`);
  return Object.fromEntries(Object.entries(value).map(([key, it]) => [key, typeof it === "string" ? it : JSON.stringify(it)]));
}

function expandAll(value: JsonValue, env: NodeJS.ProcessEnv): JsonValue {
  if (typeof value === "string") return expand(value, env);
  if (Array.isArray(value)) return value.map((it: JsonValue) => expandAll(it, env));
  if (isJsonObject(value)) return Object.fromEntries(Object.entries(value).map(([key, it]) => [key, expandAll(it, env)]));
  return value;
}

const variable = /\$\$|\$__(?:env|file)\{[^}]*\}|\$\{[^}]*\}|\$[A-Za-z_]\w*/g;

/** Once: what a variable holds is not expanded again. */
const expand = (value: string, env: NodeJS.ProcessEnv): string => value.replace(variable, (match) => expanded(match, env));

function expanded(match: string, env: NodeJS.ProcessEnv): string {
  if (match === "$$") return "$";
  if (!match.endsWith("}")) return env[match.slice(1)] ?? "";
  const inside = match.slice(match.indexOf("{") + 1, -1);
  if (match.startsWith("$__file{")) return contentOf(inside);
  if (match.startsWith("$__env{")) return env[inside] ?? "";
  const [name = "", ...fallback] = inside.split(":-");
  const found = env[name] ?? "";
  return found === "" ? fallback.join(":-") : found;
}

function contentOf(file: string): string {
  try {
    return readFileSync(file, "utf8").trim();
  } catch (error) {
    throw new ProvisioningError(`$__file{${file}}: the file cannot be read`, { cause: error });
  }
}
