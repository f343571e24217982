import type { Column } from "@dataplane/apiserver";
import { isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";
import type { PrinterColumn } from "../definition/custom-resource-definition.js";
import { parseJsonPath } from "../json-path/parse-json-path.js";
import { readJsonPath } from "../json-path/read-json-path.js";

const types = ["string", "integer", "number", "boolean", "date"] as const;

/** A column of tables, read by its path: the first value that the path finds. */
export function printerColumn({ name, type: told, format, description = "", priority, jsonPath }: PrinterColumn): Column {
  const path = parseJsonPath(jsonPath);
  const type = types.find((it) => it === told) ?? "string";
  return {
    name,
    type,
    ...(format === undefined ? {} : { format }),
    description: description === "" ? `Custom resource definition column (in JSONPath format): ${jsonPath}` : description,
    ...(priority === undefined ? {} : { priority }),
    value: (object) => {
      const json: unknown = object;
      return isJsonObject(json) ? cell(type, firstOf(readJsonPath(path, json))) : null;
    },
  };
}

const firstOf = (found: readonly JsonValue[] | undefined): JsonValue | undefined => found?.[0];

/** What is of another type than the column says is not shown, but for text: anything can be printed. */
function cell(type: (typeof types)[number], value: JsonValue | undefined): string | number | boolean | null {
  if (value === undefined || value === null) return null;
  switch (type) {
    case "string":
      return isComposite(value) ? JSON.stringify(value) : String(value);
    case "integer":
      return typeof value === "number" ? Math.trunc(value) : null;
    case "number":
      return typeof value === "number" ? value : null;
    case "boolean":
      return typeof value === "boolean" ? value : null;
    case "date":
      return typeof value === "string" ? value : null;
  }
}

const isComposite = (value: Exclude<JsonValue, null>): value is JsonObject | readonly JsonValue[] => typeof value === "object";
