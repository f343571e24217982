import { ApiError, badRequest, type JsonValue } from "@dataplane/meta";
import type { Node, ParsedNode } from "yaml";
import { type ParsedBody, parseJson, parseJsonBody } from "./parse-json.js";
import { type DuplicateKey, mostDuplicates } from "./scan-json.js";
import { yamlDocument } from "./yaml-document.js";

/**
 * A body that is YAML by its content type. Clients such as kubectl send JSON under it, which is read as such, many times faster.
 * Throws BadRequest with the place of a mistake.
 */
export async function parseYamlBody(text: string): Promise<ParsedBody> {
  return looksLikeJson(text) ? parseJsonBody(text) : parseRealYaml(text);
}

/** A YAML flow mapping may begin alike: only what JSON.parse takes is JSON. */
function looksLikeJson(text: string): boolean {
  if (!text.trimStart().startsWith("{")) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

async function parseRealYaml(text: string): Promise<ParsedBody> {
  const yaml = await import("yaml");
  const lineCounter = new yaml.LineCounter();
  const document = yamlDocument(yaml, text, lineCounter);
  const [fault] = document?.errors ?? [];
  if (fault !== undefined) throw badRequest(`the body is not valid YAML: ${fault.code} at ${placeOf(fault.linePos?.[0])}`);
  const duplicates: DuplicateKey[] = [];
  const collecting: Collecting = {
    ...{ yaml, found: duplicates, lineAt: (offset) => lineCounter.linePos(offset).line },
    isCollection: (key) => yaml.isCollection(yaml.isAlias(key) && document !== undefined ? key.resolve(document) : key),
  };
  collectDuplicates(collecting, document?.contents, "");
  return { value: jsonValueOf(() => document?.toJS({ maxAliasCount: 100 })), duplicates };
}

interface Collecting {
  readonly yaml: typeof import("yaml");
  readonly found: DuplicateKey[];
  readonly lineAt: (offset: number) => number;
  /** Also by an alias. */
  readonly isCollection: (key: Node) => boolean;
}

function collectDuplicates(collecting: Collecting, node: Node | ParsedNode | null | undefined, path: string): void {
  const { yaml, found, lineAt, isCollection } = collecting;
  if (yaml.isSeq<Node>(node)) {
    for (const [index, item] of node.items.entries()) collectDuplicates(collecting, item, `${path}[${String(index)}]`);
    return;
  }
  if (!yaml.isMap<Node, Node>(node)) return;
  const seen = new Set<string>();
  for (const { key, value } of node.items) {
    // The library would write each such key as text again, and what is in it: nested ones take time that doubles with each.
    if (isCollection(key)) throw badRequest(`the body is not valid YAML: a key is no scalar at line ${lineAt(key.range?.[0] ?? 0)}`);
    const name = yaml.isScalar(key) ? String(key.value) : "";
    const itsPath = path === "" ? name : `${path}.${name}`;
    if (seen.has(name) && found.length < mostDuplicates) found.push({ path: itsPath, key: name, line: lineAt(key.range?.[0] ?? 0), isYaml: true });
    seen.add(name);
    collectDuplicates(collecting, value, itsPath);
  }
}

const placeOf = (place: { readonly line: number; readonly col: number } | undefined): string =>
  place === undefined ? "an unknown place" : `line ${place.line}, column ${place.col}`;

/** Through JSON text, so that only what JSON can say remains. */
function jsonValueOf(read: () => unknown): JsonValue {
  try {
    return parseJson(JSON.stringify(read() ?? null));
  } catch (cause) {
    if (cause instanceof ApiError) throw cause;
    throw badRequest("the body is not valid YAML: too many aliases", { cause });
  }
}
