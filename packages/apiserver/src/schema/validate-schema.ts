import { type Cause, isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";
import { combinedCauses } from "./combined-causes.js";
import { Correlation } from "./correlation.js";
import { duplicateItems, repeatsItem } from "./duplicate-items.js";
import { embeddedCauses } from "./embedded-resource.js";
import { duplicate, invalidValue, notSupported, required, tooMany, typeInvalid, unfit } from "./field-errors.js";
import { childPath, itemPath, maxDepth } from "./field-path.js";
import { fieldSchema } from "./prune.js";
import { sameJson } from "./same-json.js";
import type { StructuralSchema } from "./structural-schema.js";
import { numberCauses, textCauses } from "./validate-scalar.js";

/**
 * What is wrong with a value, in the reasons and words of the Kubernetes API server; empty when nothing is. At most
 * `maxCauses` are told. Fields the schema does not know are not reported: they have been pruned. With `old`, what was stored,
 * faults of what has not changed are passed over.
 */
export function validateSchema(schema: StructuralSchema, value: JsonValue, path = "", old?: JsonValue): Cause[] {
  const causes: Cause[] = [];
  validateAt({ schema, value, path, depth: 0, counterpart: old === undefined ? undefined : new Correlation(value, old) }, causes);
  return causes.slice(0, maxCauses);
}

const maxCauses = 100;

interface Place {
  readonly schema: StructuralSchema;
  readonly value: JsonValue;
  readonly path: string;
  readonly depth: number;
  /** The same place of the stored object. */
  readonly counterpart: Correlation | undefined;
}

function validateAt(place: Place, causes: Cause[]): void {
  if (causes.length >= maxCauses) return;
  const before = causes.length;
  collectAt(place, causes);
  // Compared only when there is something to forgive.
  if (causes.length > before && place.counterpart?.isUnchanged === true) causes.length = before;
}

function collectAt(place: Place, causes: Cause[]): void {
  const { schema, value, path, depth } = place;
  if (depth > maxDepth) {
    causes.push(invalidValue(path, "…", `must not be nested deeper than ${maxDepth} levels`));
    return;
  }
  if (value === null && schema.nullable === true) return;
  const wrongType = typeProblem(schema, value, path);
  if (wrongType !== undefined) {
    causes.push(wrongType);
    if (schema.type === "integer" && typeof value === "number") causes.push(...numberCauses(schema, value, path));
    if (value !== null) causes.push(...combinedCauses(schema, path, (part) => causesOfPart(part, place)));
    return;
  }
  validateEnum(place, causes);
  if (typeof value === "string") causes.push(...textCauses(schema, value, path));
  else if (typeof value === "number") causes.push(...numberCauses(schema, value, path));
  else if (Array.isArray(value)) validateList(place, value, causes);
  else if (isJsonObject(value)) validateObject(place, value, causes);
  causes.push(...combinedCauses(schema, path, (part) => causesOfPart(part, place)));
}

/** One schema of an allOf, anyOf, oneOf or not. What it says is not compared with the stored object: as in Kubernetes. */
function causesOfPart(schema: StructuralSchema, { value, path, depth }: Place): readonly Cause[] {
  const causes: Cause[] = [];
  validateAt({ schema, value, path, depth: depth + 1, counterpart: undefined }, causes);
  return causes;
}

function typeProblem(schema: StructuralSchema, value: JsonValue, path: string): Cause | undefined {
  if (schema["x-kubernetes-int-or-string"] === true) {
    return typeof value === "string" || Number.isInteger(value) ? undefined : typeInvalid(path, typeName(value), "integer,string");
  }
  const { type } = schema;
  if (type === undefined || hasType(value, type)) return undefined;
  return typeInvalid(path, typeName(value), type);
}

function hasType(value: JsonValue, type: NonNullable<StructuralSchema["type"]>): boolean {
  if (type === "integer") return Number.isInteger(value);
  return type === typeName(value) || (type === "number" && typeof value === "number");
}

function typeName(value: JsonValue): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  return typeof value;
}

function validateEnum({ schema, value, path }: Place, causes: Cause[]): void {
  if (schema.enum?.some((allowed) => sameJson(allowed, value)) === false) causes.push(notSupported(path, value, schema.enum));
}

function validateList({ schema, path, depth, counterpart }: Place, value: readonly JsonValue[], causes: Cause[]): void {
  const { minItems, maxItems, items } = schema;
  if (minItems !== undefined && value.length < minItems) causes.push(unfit(path, value.length, `should have at least ${minItems} items`));
  if (maxItems !== undefined && value.length > maxItems) causes.push(tooMany(path, value.length, maxItems));
  if (schema.uniqueItems === true && repeatsItem(value)) causes.push(unfit(path, "", "shouldn't contain duplicates"));
  for (const { index, item } of duplicateItems(schema, value)) causes.push(duplicate(itemPath(path, index), item));
  if (items === undefined) return;
  for (const [index, item] of value.entries()) {
    if (causes.length >= maxCauses) return;
    validateAt({ schema: items, value: item, path: itemPath(path, index), depth: depth + 1, counterpart: counterpart?.item(schema, item) }, causes);
  }
}

function validateObject({ schema, path, depth, counterpart }: Place, value: JsonObject, causes: Cause[]): void {
  validateSize(schema, path, Object.keys(value).length, causes);
  for (const name of schema.required ?? []) {
    if (!Object.hasOwn(value, name)) causes.push(required(childPath(path, name)));
  }
  causes.push(...embeddedCauses(schema, value, path));
  for (const [key, field] of Object.entries(value)) {
    if (causes.length >= maxCauses) return;
    const known = fieldSchema(schema, key);
    if (known !== undefined) {
      validateAt({ schema: known, value: field, path: childPath(path, key), depth: depth + 1, counterpart: counterpart?.field(key) }, causes);
    }
  }
}

function validateSize({ minProperties, maxProperties }: StructuralSchema, path: string, size: number, causes: Cause[]): void {
  if (minProperties !== undefined && size < minProperties) causes.push(unfit(path, size, `should have at least ${minProperties} properties`));
  if (maxProperties !== undefined && size > maxProperties) causes.push(tooMany(path, size, maxProperties));
}
