import type { Cause } from "@dataplane/meta";
import type { PrinterColumn } from "../definition/custom-resource-definition.js";
import { invalid, required } from "./causes.js";
import { simplePathCauses } from "./simple-path.js";

const columnTypes = ["boolean", "date", "integer", "number", "string"];
const columnFormats = ["byte", "date", "date-time", "double", "float", "int32", "int64", "password"];

export function validateColumns(columns: readonly PrinterColumn[] = [], path: string): readonly Cause[] {
  return columns.flatMap((column, index) => validateColumn(column, `${path}[${index}]`));
}

function validateColumn({ name = "", type = "", format = "", jsonPath = "" }: Partial<PrinterColumn>, path: string): readonly Cause[] {
  return [
    ...(name === "" ? [required(`${path}.name`)] : []),
    ...typeCauses(type, `${path}.type`),
    ...(format !== "" && !columnFormats.includes(format) ? [invalid(`${path}.format`, format, `must be one of ${columnFormats.join(",")}`)] : []),
    // Kubernetes says it in capitals.
    ...(jsonPath === "" ? [required(`${path}.JSONPath`)] : simplePathCauses(jsonPath, `${path}.JSONPath`)),
  ];
}

function typeCauses(type: string, path: string): readonly Cause[] {
  const detail = `must be one of ${columnTypes.join(",")}`;
  if (type === "") return [required(path, detail)];
  return columnTypes.includes(type) ? [] : [invalid(path, type, detail)];
}
