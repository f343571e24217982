import { duplicateKey, yamlTokens } from "@dataplane/apiserver";
import { isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";
import * as yaml from "yaml";
import { Composer, LineCounter, type ParsedNode } from "yaml";
import type { ProvisioningFile } from "./provisioned-kind.js";
import { ProvisioningError } from "./provisioning-error.js";

/** The mapping at the root of a provisioning file that may hold these lists; undefined for an empty one. Throws ProvisioningError. */
export function readDocument(text: string, lists: readonly [string, ...string[]]): JsonObject | undefined {
  const document = parsed(text);
  if (document === null || document === undefined) return undefined;
  if (!isJsonObject(document) || !["apiVersion", ...lists].some((key) => key in document)) {
    throw new ProvisioningError(`expected a mapping with \`apiVersion\` and \`${lists[0]}\``);
  }
  const { apiVersion } = document;
  if (apiVersion !== undefined && apiVersion !== 0 && apiVersion !== 1) throw new ProvisioningError("apiVersion: expected 1");
  return document;
}

function parsed(text: string): unknown {
  const lines = new LineCounter();
  try {
    // `<<: *base` is YAML 1.1, and what Grafana's files use; few aliases are enough for people, many are a bomb.
    const tokens = yamlTokens(yaml, text, {
      lineCounter: lines,
      tooDeep: () => new ProvisioningError("it is nested too deeply"),
      tooMany: () => new ProvisioningError("it has too many parts"),
    });
    const [document, second] = new Composer<ParsedNode>({ merge: true, uniqueKeys: false, logLevel: "error" }).compose(tokens, true, text.length);
    if (document === undefined) return undefined;
    if (second !== undefined) throw new ProvisioningError(at(lines, "it has multiple documents", second.range[0]));
    const [error] = [...document.errors, ...document.warnings];
    if (error !== undefined) throw new ProvisioningError(at(lines, withoutContent(error.message), error.pos[0]));
    const twice = duplicateKey(yaml, document);
    if (twice !== undefined) throw new ProvisioningError(at(lines, "map keys must be unique", twice));
    // Through JSON, so that what an alias repeats is a copy, a circle is refused, and a date is a text.
    const value: unknown = document.toJS({ maxAliasCount: 100 });
    return JSON.parse(JSON.stringify(value ?? null));
  } catch (thrown) {
    if (thrown instanceof ProvisioningError) throw thrown;
    if (thrown instanceof RangeError) throw new ProvisioningError("it is nested too deeply", { cause: thrown });
    throw new ProvisioningError(thrown instanceof Error ? withoutContent(thrown.message) : "not YAML", { cause: thrown });
  }
}

function at(lines: LineCounter, why: string, offset: number): string {
  const { line, col } = lines.linePos(offset);
  return `${why} at line ${line}, column ${col}`;
}

/** The file's own words stand behind a colon: they may be a secret. */
const withoutContent = (message: string): string => message.split(/[:\n]/, 1)[0] ?? "";

export const blankFile: ProvisioningFile = { entries: [], deletions: [], prune: false, isBlank: true };

/** True when none of the lists is there. */
export const isBlank = (document: JsonObject, lists: readonly string[]): boolean => lists.every((key) => (document[key] ?? null) === null);

/** An absent list is an empty one. */
export function listOf(document: JsonObject, key: string): readonly JsonValue[] {
  const list = document[key];
  if (list === undefined || list === null) return [];
  if (!Array.isArray(list)) throw new ProvisioningError(`${key}: expected a list`);
  return list as readonly JsonValue[];
}
