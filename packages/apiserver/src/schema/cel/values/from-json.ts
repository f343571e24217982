import { isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";
import type { StructuralSchema } from "../../structural-schema.js";
import { escapeName, isReserved } from "../types/escape-name.js";
import { withObjectIdentity } from "../types/rule-schema.js";
import { isEmbedded } from "../types/schema-type.js";
import { CelError } from "./cel-error.js";
import { type CelList, type CelMap, type CelValue, isList, isMap, type ListAssociation } from "./cel-value.js";
import { itemsOf } from "./collections.js";
import { parseNamedDuration, parseTimestamp } from "./time.js";
import { typeNameOf } from "./type-names.js";

/** A value of an object as a rule sees it. Lists and objects are looked into when the rule does. Throws CelError. */
export function valueOf(schema: StructuralSchema, json: JsonValue, isObjectRoot: boolean): CelValue {
  if (json === null || typeof json === "boolean") return json;
  if (schema["x-kubernetes-int-or-string"] === true) return typeof json === "number" ? wholeOrDouble(json) : requireText(json);
  if (typeof json === "number") return schema.type === "integer" ? wholeOrDouble(json) : json;
  if (typeof json === "string") return schema.type === "string" ? ofText(schema.format ?? "", json) : json;
  if (Array.isArray(json)) return new JsonList(schema, json);
  if (!isJsonObject(json)) throw new CelError("invalid data");
  if (isObjectRoot) return new JsonFields(withObjectIdentity(schema), json);
  return typeof schema.additionalProperties === "object" ? new JsonMap(schema.additionalProperties, json) : new JsonFields(schema, json);
}

function requireText(json: JsonValue): string {
  if (typeof json === "string") return json;
  throw new CelError("invalid data, expected int or string value");
}

const wholeOrDouble = (value: number): bigint | number => (Number.isInteger(value) ? BigInt(value) : value);

function ofText(format: string, text: string): CelValue {
  if (format === "byte") return Buffer.from(text, "base64");
  if (format === "duration") return parseNamedDuration(text) ?? invalid(text, "duration");
  if (format === "date" || format === "date-time") return parseTimestamp(text) ?? invalid(text, "timestamp");
  return text;
}

function invalid(text: string, wanted: string): never {
  throw new CelError(`invalid ${wanted} "${text.slice(0, 64)}"`);
}

class JsonList implements CelList {
  readonly #items: StructuralSchema;
  readonly #json: readonly JsonValue[];
  readonly association?: ListAssociation;

  constructor(schema: StructuralSchema, json: readonly JsonValue[]) {
    this.#items = schema.items ?? {};
    this.#json = json;
    const association = associationOf(schema);
    if (association !== undefined) this.association = association;
  }

  get size(): number {
    return this.#json.length;
  }

  at(index: number): CelValue {
    return valueOf(this.#items, this.#json[index] ?? null, isEmbedded(this.#items));
  }
}

const associations = new WeakMap<StructuralSchema, ListAssociation>();

function associationOf(schema: StructuralSchema): ListAssociation | undefined {
  const kind = schema["x-kubernetes-list-type"];
  if (kind !== "set" && kind !== "map") return undefined;
  const known = associations.get(schema);
  if (known !== undefined) return known;
  const keys = (schema["x-kubernetes-list-map-keys"] ?? []).map((key) => escapeName(key) ?? key);
  const identity = (item: CelValue): string =>
    kind === "map" && isMap(item) ? keys.map((key) => scalarText(item.get(key))).join("\u0000") : scalarText(item);
  const association: ListAssociation = { kind, identity };
  associations.set(schema, association);
  return association;
}

const scalarText = (value: CelValue | undefined): string =>
  value === undefined || value === null || typeof value !== "object" ? `${typeof value}:${String(value)}` : JSON.stringify(plain(value, 0));

function plain(value: CelValue | undefined, depth: number): unknown {
  if (typeof value === "bigint") return value.toString();
  if (value === undefined || value === null || typeof value !== "object" || depth > 64) return value;
  if (isMap(value)) return value.keys().map((key) => [plain(key, depth), plain(value.get(key), depth + 1)]);
  return isList(value) ? [...itemsOf(value)].map((item) => plain(item, depth + 1)) : typeNameOf(value);
}

class JsonMap implements CelMap {
  readonly #values: StructuralSchema;
  readonly #json: JsonObject;

  constructor(values: StructuralSchema, json: JsonObject) {
    this.#values = values;
    this.#json = json;
  }

  get size(): number {
    return Object.keys(this.#json).length;
  }

  get(key: CelValue): CelValue | undefined {
    if (typeof key !== "string" || !Object.hasOwn(this.#json, key)) return undefined;
    return valueOf(this.#values, this.#json[key] ?? null, isEmbedded(this.#values));
  }

  keys(): readonly CelValue[] {
    return Object.keys(this.#json);
  }
}

interface Field {
  readonly name: string;
  readonly schema: StructuralSchema;
}

interface Fields {
  readonly byName: ReadonlyMap<string, Field>;
  /** Reserved words by themselves, beside their escaped forms. */
  readonly aliases: ReadonlyMap<string, Field>;
}

const fieldsOf = new WeakMap<StructuralSchema, Fields>();

function fields(schema: StructuralSchema): Fields {
  const known = fieldsOf.get(schema);
  if (known !== undefined) return known;
  const made = new Map<string, Field>();
  const aliases = new Map<string, Field>();
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    const escaped = escapeName(name);
    if (escaped !== undefined) made.set(escaped, { name, schema: field });
    if (isReserved(name)) aliases.set(name, { name, schema: field });
  }
  const found = { byName: made, aliases };
  fieldsOf.set(schema, found);
  return found;
}

/** An object of declared properties: others are hidden, and one that is null is absent. */
class JsonFields implements CelMap {
  readonly objectType = "object";
  readonly #fields: Fields;
  readonly #json: JsonObject;

  constructor(schema: StructuralSchema, json: JsonObject) {
    this.#fields = fields(schema);
    this.#json = json;
  }

  get size(): number {
    return this.keys().length;
  }

  get(key: CelValue): CelValue | undefined {
    const field = typeof key === "string" ? (this.#fields.byName.get(key) ?? this.#fields.aliases.get(key)) : undefined;
    const json = field !== undefined && Object.hasOwn(this.#json, field.name) ? this.#json[field.name] : null;
    return field === undefined || json === null || json === undefined ? undefined : valueOf(field.schema, json, isEmbedded(field.schema));
  }

  keys(): readonly CelValue[] {
    return [...this.#fields.byName].flatMap(([key, { name }]) => (Object.hasOwn(this.#json, name) && this.#json[name] !== null ? [key] : []));
  }
}
