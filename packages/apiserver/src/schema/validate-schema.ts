import { type Cause, isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";
import { duplicateItems } from "./duplicate-items.js";
import { duplicate, invalidValue, notSupported, required, tooLong, tooMany, typeInvalid } from "./field-errors.js";
import { fieldPath, itemPath, maxDepth } from "./field-path.js";
import { matchesFormat, matchesPattern } from "./formats.js";
import { fieldSchema } from "./prune.js";
import type { StructuralSchema } from "./structural-schema.js";

/**
 * What is wrong with a value, in the reasons and words of the Kubernetes API server; empty when nothing is. At most
 * `maxCauses` are told. Fields the schema does not know are not reported: they have been pruned.
 */
export function validateSchema(schema: StructuralSchema, value: JsonValue, path = ""): Cause[] {
  const causes: Cause[] = [];
  validateAt({ schema, value, path, depth: 0 }, causes);
  return causes.slice(0, maxCauses);
}

const maxCauses = 100;

interface Place {
  readonly schema: StructuralSchema;
  readonly value: JsonValue;
  readonly path: string;
  readonly depth: number;
}

function validateAt(place: Place, causes: Cause[]): void {
  const { schema, value, path, depth } = place;
  if (causes.length >= maxCauses) return;
  if (depth > maxDepth) {
    causes.push(invalidValue(path, "…", `must not be nested deeper than ${maxDepth} levels`));
    return;
  }
  if (value === null && schema.nullable === true) return;
  const wrongType = typeProblem(schema, value, path);
  if (wrongType !== undefined) {
    causes.push(wrongType);
    return;
  }
  validateEnum(place, causes);
  if (typeof value === "string") validateString(place, value, causes);
  else if (typeof value === "number") validateNumber(place, value, causes);
  else if (Array.isArray(value)) validateList(place, value, causes);
  else if (isJsonObject(value)) validateObject(place, value, causes);
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
  if (schema.enum === undefined) return;
  const text = JSON.stringify(value);
  if (!schema.enum.some((allowed) => JSON.stringify(allowed) === text)) causes.push(notSupported(path, value, schema.enum));
}

function validateString({ schema, path }: Place, value: string, causes: Cause[]): void {
  const { minLength, maxLength, pattern, format } = schema;
  const length = minLength === undefined && maxLength === undefined ? 0 : lengthOf(value);
  if (minLength !== undefined && length < minLength) causes.push(invalidValue(path, value, `should be at least ${minLength} chars long`));
  if (maxLength !== undefined && length > maxLength) causes.push(tooLong(path, maxLength));
  if (pattern !== undefined && !matchesPattern(pattern, value)) causes.push(invalidValue(path, value, `should match '${pattern}'`));
  if (format !== undefined && !matchesFormat(format, value))
    causes.push(invalidValue(path, value, `must be of type ${format}: ${JSON.stringify(value)}`));
}

/** JSON Schema counts code points. */
const lengthOf = (value: string): number => Array.from(value).length;

function validateNumber({ schema, path }: Place, value: number, causes: Cause[]): void {
  const { minimum, maximum } = schema;
  if (minimum !== undefined && value < minimum) causes.push(invalidValue(path, value, `should be greater than or equal to ${minimum}`));
  if (maximum !== undefined && value > maximum) causes.push(invalidValue(path, value, `should be less than or equal to ${maximum}`));
}

function validateList({ schema, path, depth }: Place, value: readonly JsonValue[], causes: Cause[]): void {
  const { minItems, maxItems, items } = schema;
  if (minItems !== undefined && value.length < minItems) causes.push(invalidValue(path, value.length, `should have at least ${minItems} items`));
  if (maxItems !== undefined && value.length > maxItems) causes.push(tooMany(path, value.length, maxItems));
  for (const { index, item } of duplicateItems(schema, value)) causes.push(duplicate(itemPath(path, index), item));
  if (items === undefined) return;
  for (const [index, item] of value.entries()) validateAt({ schema: items, value: item, path: itemPath(path, index), depth: depth + 1 }, causes);
}

function validateObject({ schema, path, depth }: Place, value: JsonObject, causes: Cause[]): void {
  for (const name of schema.required ?? []) {
    if (!Object.hasOwn(value, name)) causes.push(required(fieldPath(path, name)));
  }
  for (const [key, field] of Object.entries(value)) {
    const known = fieldSchema(schema, key);
    if (known !== undefined) validateAt({ schema: known, value: field, path: fieldPath(path, key), depth: depth + 1 }, causes);
  }
}
