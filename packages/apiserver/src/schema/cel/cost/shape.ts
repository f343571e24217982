import type { StructuralSchema } from "../../structural-schema.js";
import { escapeName } from "../types/escape-name.js";
import { withObjectIdentity } from "../types/rule-schema.js";
import { isEmbedded } from "../types/schema-type.js";

/** How large the values of an expression can be: the estimate of cost multiplies by it. */
export interface Shape {
  /** Most bytes of a text, items of a list, entries of a map; 1 for other values. */
  readonly size: number;
  /** Items of a list, values of a map. */
  readonly element?: () => Shape;
  readonly field?: (name: string) => Shape | undefined;
}

/** The largest body that is accepted, in bytes: what no limit is set for may fill it. Kubernetes' figure. */
export const largestRequest = 3 * 1024 * 1024;

export const scalar: Shape = { size: 1 };
export const unknown: Shape = { size: largestRequest, element: () => unknown, field: () => unknown };

/** The shape of values of a schema, from its limits. */
export function shapeOfSchema(schema: StructuralSchema, isObjectRoot: boolean): Shape {
  if (schema["x-kubernetes-int-or-string"] === true) return { ...unknown, size: textSize(schema) };
  const seen = isObjectRoot ? withObjectIdentity(schema) : schema;
  if (seen.type === "string") return { size: textSize(seen) };
  if (seen.type === "array") return listShape(seen);
  return seen.type === "object" ? objectShape(seen) : scalar;
}

function listShape({ items = {}, maxItems }: StructuralSchema): Shape {
  const most = Math.floor((largestRequest - 2) / (leastBytes(items, isEmbedded(items)) + 1));
  return { size: Math.max(0, maxItems ?? most), element: () => shapeOfSchema(items, isEmbedded(items)) };
}

function objectShape({ additionalProperties, properties, maxProperties }: StructuralSchema): Shape {
  if (typeof additionalProperties === "object") {
    const most = Math.floor((largestRequest - 2) / (leastBytes(additionalProperties, isEmbedded(additionalProperties)) + 6));
    return { size: Math.max(0, maxProperties ?? most), element: () => shapeOfSchema(additionalProperties, isEmbedded(additionalProperties)) };
  }
  const fields = new Map(Object.entries(properties ?? {}).flatMap(([name, field]) => entryOf(escapeName(name), field)));
  return {
    size: fields.size,
    field: (name) => {
      const field = fields.get(name);
      return field === undefined ? undefined : shapeOfSchema(field, isEmbedded(field));
    },
  };
}

const entryOf = (name: string | undefined, field: StructuralSchema): readonly (readonly [string, StructuralSchema])[] =>
  name === undefined ? [] : [[name, field]];

const formatSizes: ReadonlyMap<string, number> = new Map([
  ["duration", 32],
  ["date", 12],
  ["date-time", 32],
]);

function textSize(schema: StructuralSchema): number {
  const byFormat = schema["x-kubernetes-int-or-string"] === true ? undefined : formatSizes.get(schema.format ?? "");
  if (byFormat !== undefined) return byFormat;
  // A code point takes up to four bytes; bytes are counted as they are.
  if (schema.maxLength !== undefined) return Math.max(0, schema.maxLength) * (schema.format === "byte" ? 1 : 4);
  if (schema.enum !== undefined && schema.enum.length > 0 && schema.format !== "byte") return longestOf(schema.enum);
  return largestRequest - 2;
}

const longestOf = (values: readonly unknown[]): number =>
  Math.max(0, ...values.map((value) => (typeof value === "string" ? Buffer.byteLength(value) : 0)));

const leastOfType: ReadonlyMap<string, number> = new Map([
  ["boolean", 4],
  ["integer", 1],
  ["number", 1],
  ["array", 2],
]);

const leastOfFormat: ReadonlyMap<string, number> = new Map([
  ["duration", 3],
  ["date", 12],
  ["date-time", 21],
]);

/** The fewest bytes of JSON that a value of the schema takes. */
export function leastBytes(schema: StructuralSchema, isObjectRoot: boolean, depth = 0): number {
  if (schema["x-kubernetes-int-or-string"] === true || depth > 64) return 1;
  if (schema.type === "string") return leastOfFormat.get(schema.format ?? "") ?? 2;
  if (schema.type !== "object") return leastOfType.get(schema.type ?? "") ?? 1;
  if (typeof schema.additionalProperties === "object") return 2;
  const { properties = {}, required = [] } = isObjectRoot ? withObjectIdentity(schema) : schema;
  return required.reduce((sum, name) => {
    const field = Object.hasOwn(properties, name) ? properties[name] : undefined;
    return field === undefined || field.default !== undefined ? sum : sum + name.length + leastBytes(field, isEmbedded(field), depth + 1) + 4;
  }, 2);
}

/** How often a value of the schema can occur in one object when no limit says. */
export const mostOccurrences = (schema: StructuralSchema, isObjectRoot: boolean): number =>
  Math.floor(largestRequest / (leastBytes(schema, isObjectRoot) + 1));
