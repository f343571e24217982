import { isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";
import { metadataOf } from "../admission/object-identity.js";

/** What is wrong with `converted`, which should be `original` in another version; undefined when nothing is. */
export function conversionProblem(original: JsonObject, converted: JsonValue, desiredApiVersion: string): string | undefined {
  if (!isJsonObject(converted)) return "the converted object is no JSON object";
  const { apiVersion, kind } = converted;
  if (apiVersion !== desiredApiVersion) return `the converted object has apiVersion ${quoted(apiVersion)}, not ${quoted(desiredApiVersion)}`;
  if (kind !== original["kind"]) return `the converted object has kind ${quoted(kind)}, not ${quoted(original["kind"])}`;
  const [was, is] = [metadataOf(original), metadataOf(converted)];
  const changed = (["name", "namespace", "uid"] as const).find((field) => (was[field] ?? "") !== (is[field] ?? ""));
  return changed === undefined ? undefined : `metadata.${changed} must not change: it was ${quoted(was[changed])}, and is ${quoted(is[changed])}`;
}

/** Of its metadata a conversion may change labels and annotations; the rest is the original's. */
export function withOriginalMetadata(original: JsonObject, converted: JsonObject): JsonObject {
  const { labels, annotations } = metadataOf(converted);
  const { labels: _labels, annotations: _annotations, ...kept } = metadataOf(original);
  const metadata = { ...kept, ...(labels === undefined ? {} : { labels }), ...(annotations === undefined ? {} : { annotations }) };
  return { ...converted, metadata };
}

const quoted = (value: JsonValue | undefined): string => JSON.stringify(value ?? "");
