import { isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";
import { parseDocument } from "yaml";
import { ProvisioningError } from "./provisioning-error.js";

/** The mapping at the root of a provisioning file; undefined for an empty one. Throws ProvisioningError. */
export function readDocument(text: string, expected: string): JsonObject | undefined {
  const document = parsed(text);
  if (document === null || document === undefined) return undefined;
  if (!isJsonObject(document)) throw new ProvisioningError(`expected a mapping with ${expected}`);
  const { apiVersion } = document;
  if (apiVersion !== undefined && apiVersion !== 0 && apiVersion !== 1) throw new ProvisioningError("apiVersion: expected 1");
  return document;
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

/** An absent list is an empty one. */
export function listOf(document: JsonObject, key: string): readonly JsonValue[] {
  const list = document[key];
  if (list === undefined || list === null) return [];
  if (!Array.isArray(list)) throw new ProvisioningError(`${key}: expected a list`);
  return list as readonly JsonValue[];
}
