import { isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";
import type { GroupVersionDocument } from "./document-v3.js";

/** Paths and schemas of several documents as parts of one. */
export interface MergedComponents {
  readonly paths: JsonObject;
  readonly schemas: JsonObject;
}

const prefix = "#/components/schemas/";

/**
 * All documents in one. Where two mean different things by a name, the later one's is renamed, and its references with it: nobody's kinds
 * are described by a schema of somebody else.
 */
export function mergedComponents(documents: readonly GroupVersionDocument[]): MergedComponents {
  const schemas = new Map<string, JsonValue>();
  const paths = new Map<string, JsonValue>();
  for (const { document } of documents) {
    const own = objectAt(objectAt(document, "components"), "schemas");
    const renamed = namesFor(own, schemas);
    const said = <T extends JsonValue>(value: T): T => (renamed.size === 0 ? value : (referring(value, renamed) as T));
    for (const [name, schema] of Object.entries(own)) {
      const as = renamed.get(name) ?? name;
      if (!schemas.has(as)) schemas.set(as, said(schema));
    }
    for (const [path, item] of Object.entries(objectAt(document, "paths"))) paths.set(path, said(item));
  }
  return { paths: Object.fromEntries(paths), schemas: Object.fromEntries(schemas) };
}

const objectAt = (value: JsonObject, key: string): JsonObject => {
  const found = value[key];
  return isJsonObject(found) ? found : {};
};

/** New names for schemas that are not those of that name, and for those that refer to one. */
function namesFor(own: JsonObject, taken: ReadonlyMap<string, JsonValue>): ReadonlyMap<string, string> {
  const shared = new Set<string>();
  const renamed = new Map<string, string>();
  for (const [name, schema] of Object.entries(own)) {
    const known = taken.get(name);
    if (known === undefined) continue;
    if (isSame(known, schema)) shared.add(name);
    else renamed.set(name, freeName(name, taken, own));
  }
  // What refers to a schema that is another here is another one too.
  for (let before = -1; renamed.size > before && renamed.size > 0; ) {
    before = renamed.size;
    for (const name of shared) {
      if (renamed.has(name) || !refersTo(own[name] ?? null, renamed)) continue;
      renamed.set(name, freeName(name, taken, own));
    }
  }
  return renamed;
}

function freeName(name: string, taken: ReadonlyMap<string, JsonValue>, own: JsonObject): string {
  for (let count = 2; ; count++) {
    const wanted = `${name}_v${count}`;
    if (!taken.has(wanted) && own[wanted] === undefined) return wanted;
  }
}

const isSame = (a: JsonValue, b: JsonValue): boolean => a === b || JSON.stringify(a) === JSON.stringify(b);

function refersTo(value: JsonValue, names: ReadonlyMap<string, string>): boolean {
  if (Array.isArray(value)) return (value as readonly JsonValue[]).some((it) => refersTo(it, names));
  if (!isJsonObject(value)) return false;
  return Object.entries(value).some(([key, it]) =>
    key === "$ref" && typeof it === "string" ? names.has(it.slice(prefix.length)) : refersTo(it, names),
  );
}

function referring(value: JsonValue, names: ReadonlyMap<string, string>): JsonValue {
  if (Array.isArray(value)) return (value as readonly JsonValue[]).map((it) => referring(it, names));
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, it]) => {
      const name = key === "$ref" && typeof it === "string" && it.startsWith(prefix) ? names.get(it.slice(prefix.length)) : undefined;
      return [key, name === undefined ? referring(it, names) : `${prefix}${name}`];
    }),
  );
}
