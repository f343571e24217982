import { isJsonObject, isLabelKey, isLabelValue, type JsonObject, type JsonValue } from "@dataplane/meta";

/** The converted object with the original's metadata but for labels and annotations, or why it is none of `original`, in Kubernetes' words. */
export function checkedObject(original: JsonObject, converted: JsonValue, desired: string): JsonObject | string {
  if (!isJsonObject(converted)) return "the object is no JSON object";
  const { apiVersion = "", kind = "" } = converted;
  if (apiVersion !== desired) return `invalid groupVersion (expected ${desired}, received ${textOf(apiVersion)})`;
  if (kind !== original["kind"]) return `invalid kind (expected ${textOf(original["kind"] ?? "")}, received ${textOf(kind)})`;
  const metadata = converted["metadata"];
  if (!isJsonObject(metadata)) return metadata === undefined ? "missing metadata in converted object" : "invalid metadata in converted object";
  return identityProblem(metadataOf(original), metadata) ?? withMetadata(original, converted, metadata);
}

const metadataOf = ({ metadata }: JsonObject): JsonObject => (isJsonObject(metadata) ? metadata : {});

const identity = [
  ["name", "name"],
  ["namespace", "namespace"],
  ["uid", "UID"],
] as const;

function identityProblem(before: JsonObject, after: JsonObject): string | undefined {
  for (const [field, words] of identity) {
    const [was, is] = [before[field] ?? "", after[field] ?? ""];
    if (was !== is) return `must have the same ${words}: ${textOf(was)} != ${textOf(is)}`;
  }
  return undefined;
}

function withMetadata(original: JsonObject, converted: JsonObject, metadata: JsonObject): JsonObject | string {
  const { labels: _labels, annotations: _annotations, ...kept } = metadataOf(original);
  const next: Record<string, JsonValue> = { ...kept };
  for (const field of ["labels", "annotations"] as const) {
    const value = metadata[field] ?? null;
    if (value === null) continue;
    const problem = textsProblem(field, value);
    if (problem !== undefined) return problem;
    next[field] = value;
  }
  return { ...converted, metadata: next };
}

function textsProblem(field: "labels" | "annotations", value: JsonValue): string | undefined {
  if (!isJsonObject(value)) return `invalid metadata.${field} in converted object`;
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== "string") return `metadata.${field}[${key}] must be a string in converted object`;
    if (!isLabelKey(key)) return `metadata.${field}: Invalid value: ${JSON.stringify(key)}: it is not a qualified name`;
    if (field === "labels" && !isLabelValue(text)) return `metadata.labels: Invalid value: ${JSON.stringify(text)}: it is not a valid label value`;
  }
  return undefined;
}

const textOf = (value: JsonValue): string => (typeof value === "string" ? value : JSON.stringify(value));
