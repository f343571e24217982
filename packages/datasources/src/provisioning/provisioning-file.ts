import { createHash } from "node:crypto";
import { isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";
import { parseDocument } from "yaml";
import { isUid, uidRule } from "../uid.js";
import { expandVariables } from "./expand-variables.js";
import { ProvisioningError } from "./provisioning-error.js";

/** A data source as a provisioning file says it. */
export interface ProvisionedDataSource {
  readonly namespace: string;
  readonly uid: string;
  readonly pluginId: string;
  readonly spec: JsonObject;
  readonly secure: Readonly<Record<string, string>>;
}

/** A data source that is to go, by the name for people. */
export interface ProvisionedDeletion {
  readonly name: string;
  readonly namespace: string;
}

export interface ProvisioningFile {
  readonly dataSources: readonly ProvisionedDataSource[];
  readonly deletions: readonly ProvisionedDeletion[];
  /** Data sources of this file go when no file lists them any more. */
  readonly prune: boolean;
}

/** The uid that Grafana gives a data source whose file names none. */
export const uidOfName = (name: string): string => `P${createHash("sha256").update(name).digest("hex").slice(0, 16).toUpperCase()}`;

/**
 * Reads Grafana's provisioning format (https://grafana.com/docs/grafana/latest/administration/provisioning/#data-sources), version 1
 * and the older one with snake_case keys. Variables are expanded in values only. Throws ProvisioningError.
 */
export function parseProvisioningFile(text: string, env: NodeJS.ProcessEnv): ProvisioningFile {
  const document = parsed(text);
  if (document === null || document === undefined) return { dataSources: [], deletions: [], prune: false };
  if (!isJsonObject(document)) throw new ProvisioningError("expected a mapping with `apiVersion` and `datasources`");
  const { apiVersion } = document;
  if (apiVersion !== undefined && apiVersion !== 0 && apiVersion !== 1) throw new ProvisioningError("apiVersion: expected 1");
  const keyOf = apiVersion === 1 ? (name: string): string => name : snakeCase;
  const entries = (key: string): readonly Entry[] =>
    listOf(document, key).map((value, index) => new Entry({ value, env, keyOf, where: `${key}[${index}]` }));
  return {
    prune: document["prune"] === true,
    deletions: entries(keyOf("deleteDatasources")).map((entry) => ({ name: entry.required("name"), namespace: namespaceOf(entry) })),
    dataSources: entries("datasources").map(dataSourceOf),
  };
}

function parsed(text: string): unknown {
  // `<<: *base` is YAML 1.1, and what Grafana's files use; few aliases are enough for people, many are a bomb.
  const document = parseDocument(text, { merge: true });
  const [error] = document.errors;
  if (error !== undefined) throw new ProvisioningError(firstLine(error.message));
  try {
    // Through JSON, so that what an alias repeats is a copy, a circle is refused, and a date is a text.
    const value: unknown = document.toJS({ maxAliasCount: 100 });
    return JSON.parse(JSON.stringify(value ?? null));
  } catch (thrown) {
    throw new ProvisioningError(thrown instanceof Error ? firstLine(thrown.message) : "not YAML", { cause: thrown });
  }
}

const firstLine = (text: string): string => (text.split("\n", 1)[0] ?? "").replace(/:$/, "");

const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

function listOf(document: JsonObject, key: string): readonly JsonValue[] {
  const list = document[key];
  if (list === undefined || list === null) return [];
  if (!Array.isArray(list)) throw new ProvisioningError(`${key}: expected a list`);
  return list as readonly JsonValue[];
}

function namespaceOf(entry: Entry): string {
  const orgId = Number(entry.text("orgId") ?? "1");
  if (!Number.isSafeInteger(orgId) || orgId < 0) throw entry.wrong("orgId", "expected a whole number");
  // As in Grafana, 0 is none, and none is the first.
  return orgId <= 1 ? "default" : `org-${orgId}`;
}

const textKeys = ["access", "url", "user", "database", "basicAuthUser"] as const;
const flagKeys = ["isDefault", "basicAuth", "withCredentials"] as const;

function dataSourceOf(entry: Entry): ProvisionedDataSource {
  const name = entry.required("name");
  const uid = entry.text("uid") ?? uidOfName(name);
  if (!isUid(uid)) throw entry.wrong("uid", uidRule);
  const jsonData = entry.mapping("jsonData");
  const present = (key: string, value: JsonValue | undefined): readonly [string, JsonValue][] => (value === undefined ? [] : [[key, value]]);
  return {
    namespace: namespaceOf(entry),
    uid,
    pluginId: entry.required("type"),
    spec: {
      title: name,
      access: "proxy",
      ...Object.fromEntries(textKeys.flatMap((key) => present(key, entry.text(key)))),
      ...Object.fromEntries(flagKeys.flatMap((key) => present(key, entry.flag(key)))),
      ...(entry.flag("editable") === true ? {} : { readOnly: true }),
      ...(jsonData === undefined ? {} : { jsonData }),
    },
    secure: Object.fromEntries(
      Object.entries(entry.mapping("secureJsonData") ?? {}).flatMap(([key, value]): [string, string][] =>
        value === null ? [] : [[key, typeof value === "string" ? value : JSON.stringify(value)]],
      ),
    ),
  };
}

interface EntryOptions {
  readonly value: JsonValue;
  readonly env: NodeJS.ProcessEnv;
  /** A key in the file's own version. */
  readonly keyOf: (name: string) => string;
  /** Where it stands in the file, for messages. */
  readonly where: string;
}

/** One item of a list in the file. Its readers throw ProvisioningError, which names the key and never the value. */
class Entry {
  readonly #fields: JsonObject;
  readonly #keyOf: (name: string) => string;
  readonly #where: string;

  constructor({ value, env, keyOf, where }: EntryOptions) {
    const fields = expandVariables(value, env);
    if (!isJsonObject(fields)) throw new ProvisioningError(`${where}: expected a mapping`);
    this.#fields = fields;
    this.#keyOf = keyOf;
    this.#where = where;
  }

  wrong(name: string, why: string): ProvisioningError {
    return new ProvisioningError(`${this.#where}.${this.#keyOf(name)}: ${why}`);
  }

  /** Undefined when absent or empty. YAML reads a bare `123` as a number: it is a text here. */
  text(name: string): string | undefined {
    const value = this.#fields[this.#keyOf(name)];
    if (value === undefined || value === null || value === "") return undefined;
    if (typeof value === "string") return value;
    if (typeof value === "number") return String(value);
    throw this.wrong(name, "expected a text");
  }

  required(name: string): string {
    const value = this.text(name);
    if (value === undefined) throw this.wrong(name, "expected a text");
    return value;
  }

  /** A variable can only give a text: `true` and `false` may be written so. */
  flag(name: string): boolean | undefined {
    const value = this.#fields[this.#keyOf(name)];
    if (value === undefined || value === null || value === "") return undefined;
    if (value === true || value === "true") return true;
    if (value === false || value === "false") return false;
    throw this.wrong(name, "expected true or false");
  }

  mapping(name: string): JsonObject | undefined {
    const value = this.#fields[this.#keyOf(name)];
    if (value === undefined || value === null) return undefined;
    if (!isJsonObject(value)) throw this.wrong(name, "expected a mapping");
    return value;
  }
}
