import { createHash } from "node:crypto";
import type { JsonValue } from "@dataplane/meta";
import type { StructuralSchema } from "./structural-schema.js";

/** A short mark of all in a schema that pruning and defaulting obey: schemas with the same mark make the same of every value. */
export const shapeOf = (schema: StructuralSchema): string =>
  createHash("sha256")
    .update(JSON.stringify(outline(schema)))
    .digest("base64url")
    .slice(0, 10);

function outline(schema: StructuralSchema): JsonValue {
  const { type, properties, items, additionalProperties, nullable } = schema;
  return [
    type ?? null,
    properties === undefined ? null : Object.entries(properties).map(([name, field]): JsonValue => [name, outline(field)]),
    items === undefined ? null : outline(items),
    typeof additionalProperties === "object" ? outline(additionalProperties) : (additionalProperties ?? null),
    [nullable === true, schema["x-kubernetes-preserve-unknown-fields"] === true, schema["x-kubernetes-embedded-resource"] === true],
    // In a list of its own: no default is not a default of null.
    schema.default === undefined ? [] : [schema.default],
  ];
}
