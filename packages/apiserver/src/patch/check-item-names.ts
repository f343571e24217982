import { badRequest, type JsonValue } from "@dataplane/meta";
import { fieldPath, itemPath } from "../schema/field-path.js";
import type { StructuralSchema } from "../schema/structural-schema.js";
import { fieldsOf, fieldType, itemStep, itemsOf, itemType, shapeOf } from "./typed-value.js";

/** Each item of an applied set or map list must have a name of its own, or nobody could own it. Throws BadRequest. */
export function checkItemNames(schema: StructuralSchema, value: JsonValue, path = ""): void {
  const shape = shapeOf(schema, value);
  if (shape === "map") {
    for (const [name, field] of Object.entries(fieldsOf(value))) checkItemNames(fieldType(schema, name), field, fieldPath(path, name));
  }
  if (shape !== "list") return;
  const seen = new Set<string>();
  for (const [index, item] of itemsOf(value).entries()) {
    const step = itemStep(schema, item);
    if (step === undefined)
      throw badRequest(`failed to create typed patch object: .${itemPath(path, index)}: item lacks the keys that tell it from others`);
    if (seen.has(step)) throw badRequest(`failed to create typed patch object: .${path}: duplicate entries for key [${step.slice(2, 200)}]`);
    seen.add(step);
    checkItemNames(itemType(schema), item, itemPath(path, index));
  }
}
