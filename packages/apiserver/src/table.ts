import type { ApiObject, JsonObject } from "@dataplane/meta";
import type { ResourceDefinition } from "./resource.js";
import { cellsOf, columnsOf, hasNameColumn, shownCell } from "./table-cells.js";

/** What each row carries of its object: `includeObject` of the request. */
export type IncludeObject = "None" | "Metadata" | "Object";

const nameColumn = {
  name: "Name",
  type: "string",
  format: "name",
  description: "Name must be unique within a namespace. It is set when the object is made and never changes.",
  priority: 0,
};

/** `columnDefinitions` of a Table of these objects. */
export const columnDefinitions = (definition: ResourceDefinition): readonly JsonObject[] => [
  ...(hasNameColumn(definition) ? [nameColumn] : []),
  ...columnsOf(definition).map(({ name, type = "string", format = "", description = "", priority = 0 }) => ({
    name,
    type,
    format,
    description,
    priority,
  })),
];

/** One row of a Table. Dates are shown as ages at `now`, as kube-apiserver prints them. */
export function tableRow(
  definition: ResourceDefinition,
  object: ApiObject,
  options: { readonly includeObject: IncludeObject; readonly version: string; readonly now: Date },
): JsonObject {
  const row = { cells: cellsOf(definition, object).map((cell) => shownCell(cell, () => object, options.now)) };
  if (options.includeObject === "None") return row;
  return { ...row, object: options.includeObject === "Object" ? jsonOf(object) : partialMetadata(object, options.version) };
}

/** The object's metadata alone, as `kind: PartialObjectMetadata`. */
export const partialMetadata = ({ metadata }: ApiObject, version: string): JsonObject => ({
  kind: "PartialObjectMetadata",
  apiVersion: `meta.k8s.io/${version}`,
  metadata: jsonOf(metadata),
});

/** An API object is JSON by construction; its type says so of its parts only. */
export function jsonOf(object: object): JsonObject {
  return object as JsonObject;
}
