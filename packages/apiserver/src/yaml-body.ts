import { ApiError, badRequest, type JsonValue } from "@dataplane/meta";
import type { Node, ParsedNode } from "yaml";
import { type ParsedBody, parseJson, parseJsonBody } from "./parse-json.js";

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
  // The library compares each key with all before it: 60,000 keys in one map would hold the process for minutes.
  const document = yaml.parseDocument(text, { uniqueKeys: false, prettyErrors: true });
  const [fault] = document.errors;
  if (fault !== undefined) throw badRequest(`the body is not valid YAML: ${fault.code} at ${placeOf(fault.linePos?.[0])}`);
  const duplicates: string[] = [];
  collectDuplicates(yaml, document.contents, "", duplicates);
  return { value: jsonValueOf(() => document.toJS({ maxAliasCount: 100 })), duplicates };
}

function collectDuplicates(yaml: typeof import("yaml"), node: Node | ParsedNode | null | undefined, path: string, found: string[]): void {
  if (yaml.isSeq<Node>(node)) {
    for (const [index, item] of node.items.entries()) collectDuplicates(yaml, item, `${path}[${String(index)}]`, found);
    return;
  }
  if (!yaml.isMap<Node, Node>(node)) return;
  const seen = new Set<string>();
  for (const { key, value } of node.items) {
    const name = yaml.isScalar(key) ? String(key.value) : "";
    const itsPath = path === "" ? name : `${path}.${name}`;
    if (seen.has(name)) found.push(itsPath);
    seen.add(name);
    collectDuplicates(yaml, value, itsPath, found);
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
