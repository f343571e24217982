import { isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";
import type { StructuralSchema } from "../schema/structural-schema.js";
import { compare } from "./compare.js";
import { difference, emptySet, type FieldSet } from "./field-set.js";
import { fieldSetOf } from "./field-set-of.js";

/** Where client-side `kubectl apply` keeps what it applied last. */
export const lastAppliedAnnotation = "kubectl.kubernetes.io/last-applied-configuration";

const annotationsOf = (object: JsonObject): JsonObject => {
  const metadata = object["metadata"];
  const annotations = isJsonObject(metadata) ? metadata["annotations"] : undefined;
  return isJsonObject(annotations) ? annotations : {};
};

/** Fields that client-side apply set and nobody changed since: server-side apply by kubectl may take them without a conflict. */
export function fieldsOfLastApplied(schema: StructuralSchema, live: JsonObject, apiVersion: string): FieldSet {
  const last = parse(annotationsOf(live)[lastAppliedAnnotation]);
  if (last === undefined || last["apiVersion"] !== apiVersion) return emptySet;
  const { modified, added, removed } = compare(schema, last, live);
  return [modified, added, removed].reduce(difference, fieldSetOf(schema, last));
}

/** Keeps an existing annotation equal to what was applied, so that client-side apply can go on from it. */
export function withLastApplied(object: JsonObject, applied: JsonObject): JsonObject {
  const annotations = annotationsOf(object);
  const metadata = object["metadata"];
  if (!isJsonObject(metadata) || typeof annotations[lastAppliedAnnotation] !== "string") return object;
  return { ...object, metadata: { ...metadata, annotations: { ...annotations, [lastAppliedAnnotation]: annotationOf(applied) } } };
}

function annotationOf(applied: JsonObject): string {
  const metadata = applied["metadata"];
  const annotations = Object.fromEntries(Object.entries(annotationsOf(applied)).filter(([key]) => key !== lastAppliedAnnotation));
  const next = { ...(isJsonObject(metadata) ? metadata : {}), ...(Object.keys(annotations).length === 0 ? {} : { annotations }) };
  return `${JSON.stringify({ ...applied, metadata: next })}\n`;
}

function parse(text: JsonValue | undefined): JsonObject | undefined {
  if (typeof text !== "string") return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
