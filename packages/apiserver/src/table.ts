import type { ApiObject, JsonObject, JsonValue } from "@dataplane/meta";
import { humanDuration } from "./human-duration.js";
import { plainText } from "./plain-text.js";
import type { Column, ResourceDefinition } from "./resource.js";

/** What each row carries of its object: `includeObject` of the request. */
export type IncludeObject = "None" | "Metadata" | "Object";

const nameColumn = {
  name: "Name",
  type: "string",
  format: "name",
  description: "Name must be unique within a namespace. It is set when the object is made and never changes.",
  priority: 0,
};

const ageColumn: Column = {
  name: "Age",
  type: "date",
  description: "How long ago the object was made.",
  value: ({ metadata }) => metadata.creationTimestamp,
};

/** A definition's own columns; the age comes last unless it has one of that name, or wants none. */
function columnsOf({ columns = [], ageColumn: wantsAge = true }: ResourceDefinition): readonly Column[] {
  return !wantsAge || columns.some(({ name }) => name === "Age") ? columns : [...columns, ageColumn];
}

const hasNameColumn = ({ nameColumn: wantsName = true }: ResourceDefinition): boolean => wantsName;

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
  const cells = columnsOf(definition).map((column) => cell(column, object, options.now));
  const row = { cells: hasNameColumn(definition) ? [object.metadata.name, ...cells] : cells };
  if (options.includeObject === "None") return row;
  return { ...row, object: options.includeObject === "Object" ? jsonOf(object) : partialMetadata(object, options.version) };
}

/** A text that a kind of ours has not is empty; null is a value that was not found, as Kubernetes has it of custom resources. */
function cell({ type = "string", value }: Column, object: ApiObject, now: Date): JsonValue {
  const read = value(object, now);
  if (read === undefined) return emptyCells[type];
  if (type !== "date" || read === null) return read;
  const time = Date.parse(plainText(read));
  return Number.isNaN(time) ? "<invalid>" : humanDuration(now.getTime() - time);
}

const emptyCells = { string: "", date: "<unknown>", integer: null, number: null, boolean: null } as const;

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
