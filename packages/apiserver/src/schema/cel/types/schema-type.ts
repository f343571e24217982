import type { StructuralSchema } from "../../structural-schema.js";
import type { CelType } from "./cel-type.js";
import * as t from "./cel-type.js";
import { escapeName, isReserved } from "./escape-name.js";
import { withObjectIdentity } from "./rule-schema.js";

/** Schemas nested deeper have no type: rules cannot look there. */
const deepest = 64;

/**
 * The type of `self` in rules of a schema, as Kubernetes declares it; undefined for values without a known form, which rules cannot
 * see. `isObjectRoot` for whole objects and embedded ones.
 */
export const typeOfSchema = (schema: StructuralSchema, isObjectRoot: boolean): CelType | undefined => declared(schema, isObjectRoot, "selfType", 0);

function declared(schema: StructuralSchema, isObjectRoot: boolean, name: string, depth: number): CelType | undefined {
  if (depth > deepest) return undefined;
  if (schema["x-kubernetes-int-or-string"] === true) return t.dyn;
  const seen = isObjectRoot ? withObjectIdentity(schema) : schema;
  switch (seen.type) {
    case "array":
      return listType(seen, name, depth);
    case "object":
      return objectType(seen, name, depth);
    case "string":
      return stringTypes.get(seen.format ?? "") ?? t.string;
    case "boolean":
      return t.bool;
    case "number":
      return t.double;
    case "integer":
      return t.int;
    case undefined:
      return undefined;
    default:
      return undefined;
  }
}

const stringTypes: ReadonlyMap<string, CelType> = new Map([
  ["byte", t.bytes],
  ["duration", t.duration],
  ["date", t.timestamp],
  ["date-time", t.timestamp],
]);

function listType({ items }: StructuralSchema, name: string, depth: number): CelType | undefined {
  const item = items === undefined ? undefined : declared(items, isEmbedded(items), `${name}.@idx`, depth + 1);
  return item === undefined ? undefined : t.list(item);
}

function objectType(schema: StructuralSchema, name: string, depth: number): CelType | undefined {
  const { additionalProperties, properties } = schema;
  if (typeof additionalProperties === "object") {
    const value = declared(additionalProperties, isEmbedded(additionalProperties), `${name}.@elem`, depth + 1);
    return value === undefined ? undefined : t.map(t.string, value);
  }
  const fields = new Map<string, CelType>();
  for (const [key, field] of Object.entries(properties ?? {})) {
    const escaped = escapeName(key);
    const type = escaped === undefined ? undefined : declared(field, isEmbedded(field), `${name}.${escaped}`, depth + 1);
    if (escaped === undefined || type === undefined) continue;
    fields.set(escaped, type);
    if (isReserved(key)) fields.set(key, type);
  }
  return { kind: "object", name, fields };
}

export const isEmbedded = (schema: StructuralSchema): boolean => schema["x-kubernetes-embedded-resource"] === true;
