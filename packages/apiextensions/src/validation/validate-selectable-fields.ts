import type { Cause } from "@dataplane/meta";
import type { JsonSchemaProps, SelectableField } from "../definition/custom-resource-definition.js";
import { duplicate, invalid, required, tooMany } from "./causes.js";
import { findField } from "./field-of-path.js";

const most = 8;
const selectableTypes = new Set(["string", "boolean", "integer"]);

export function validateSelectableFields(
  fields: readonly SelectableField[],
  schema: JsonSchemaProps,
  path: string,
  mayBeMany: boolean,
): readonly Cause[] {
  const seen = new Set<string>();
  const causes = fields.flatMap(({ jsonPath = "" }: Partial<SelectableField>, index) =>
    fieldCauses(jsonPath, schema, `${path}[${index}].jsonPath`, seen),
  );
  return seen.size > most && !mayBeMany ? [...causes, tooMany(path, seen.size, most)] : causes;
}

function fieldCauses(jsonPath: string, schema: JsonSchemaProps, path: string, seen: Set<string>): readonly Cause[] {
  if (jsonPath === "") return [required(path)];
  const found = findField(jsonPath, schema, { brackets: false });
  if ("problem" in found) return [invalid(path, jsonPath, `is an invalid path: ${found.problem}`)];
  const key = found.names.join(".");
  const isSeen = seen.has(key);
  seen.add(key);
  return [
    ...(found.names[0] === "metadata" ? [invalid(path, jsonPath, "must not point to fields in metadata")] : []),
    ...(selectableTypes.has(found.schema.type ?? "")
      ? []
      : [
          invalid(
            path,
            jsonPath,
            "must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.",
          ),
        ]),
    ...(isSeen ? [duplicate(path, jsonPath)] : []),
  ];
}
