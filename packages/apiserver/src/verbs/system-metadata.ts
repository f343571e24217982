import { isDeepStrictEqual } from "node:util";
import { isJsonObject, type JsonObject, type JsonValue, rfc3339 } from "@dataplane/meta";

/** Fields of metadata that the server alone writes. */
const systemFields = [
  "uid",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
  "generation",
  "resourceVersion",
  "selfLink",
] as const;

/** `metadata` of a new object. */
export function newMetadata(
  sent: JsonObject,
  { uid, now, hasGeneration = true }: { readonly uid: string; readonly now: Date; readonly hasGeneration?: boolean },
): JsonObject {
  return { ...without(sent, systemFields), uid, ...(hasGeneration ? { generation: 1 } : {}), creationTimestamp: rfc3339(now) };
}

/** `metadata` of a changed object: what the client may change, and the rest as it was. */
export function changedMetadata(sent: JsonObject, live: JsonObject): JsonObject {
  const kept = Object.fromEntries(systemFields.flatMap((field): [string, JsonValue][] => (live[field] === undefined ? [] : [[field, live[field]]])));
  return { ...without(sent, systemFields), ...kept };
}

/** The generation grows with the desired state: all but metadata and status. */
export function withGeneration(next: JsonObject, live: JsonObject): JsonObject {
  const { metadata: nextMeta, status: _nextStatus, ...desired } = next;
  const { metadata: liveMeta, status: _liveStatus, ...desiredBefore } = live;
  const before = isJsonObject(liveMeta) && typeof liveMeta["generation"] === "number" ? liveMeta["generation"] : 1;
  if (!isJsonObject(nextMeta)) return next;
  const generation = isDeepStrictEqual(desired, desiredBefore) ? before : before + 1;
  return { ...next, metadata: { ...nextMeta, generation } };
}

/** True when nothing but the times of managedFields differs: then the write makes no revision. */
export const sameState = (a: JsonObject, b: JsonObject): boolean => isDeepStrictEqual(withoutTimes(a), withoutTimes(b));

function withoutTimes(object: JsonObject): JsonObject {
  const { metadata } = object;
  if (!isJsonObject(metadata)) return object;
  const { managedFields, resourceVersion: _resourceVersion, ...rest } = metadata;
  const entries = Array.isArray(managedFields) ? managedFields : [];
  const timeless = entries.map((entry: JsonValue) => JSON.stringify(isJsonObject(entry) ? without(entry, ["time"]) : entry));
  // Their order follows the times.
  return { ...object, metadata: { ...rest, managedFields: timeless.toSorted() } };
}

export function without(object: JsonObject, fields: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([key, value]) => !fields.includes(key) && value !== null));
}
