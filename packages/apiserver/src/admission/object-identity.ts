import { isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";

/** What makes an object this one. A hook may leave them out, and may not change them. */
const identity = ["name", "namespace", "uid", "resourceVersion"] as const;

/** What the server alone writes. A hook that parses objects into types of its own loses or blanks some of these. */
const serversOwn = ["creationTimestamp", "generation", "deletionTimestamp", "deletionGracePeriodSeconds", "managedFields", "selfLink"] as const;

/** The fields of `identity`, `apiVersion` and `kind` whose value in `after` is another than in `before`, as paths; absent ones are none. */
export function changedIdentity(before: JsonObject, after: JsonObject): readonly string[] {
  const differs = (old: JsonValue | undefined, now: JsonValue | undefined): boolean => isSaid(now) && (isSaid(old) ? old : undefined) !== now;
  const [was, is] = [metadataOf(before), metadataOf(after)];
  return [
    ...["apiVersion", "kind"].filter((field) => differs(before[field], after[field])),
    ...identity.filter((field) => differs(was[field], is[field])).map((field) => `metadata.${field}`),
  ];
}

/** `after` with identity and server's own metadata as in `before`: call it when {@link changedIdentity} finds none. */
export function withIdentity(before: JsonObject, after: JsonObject): JsonObject {
  const was = metadataOf(before);
  const kept = new Map(Object.entries(metadataOf(after)));
  for (const field of [...identity, ...serversOwn]) {
    const value = was[field];
    if (value === undefined) kept.delete(field);
    else kept.set(field, value);
  }
  const { apiVersion = "", kind = "" } = before;
  return { ...after, apiVersion, kind, metadata: Object.fromEntries(kept) };
}

export const metadataOf = (object: JsonObject): JsonObject => (isJsonObject(object["metadata"]) ? object["metadata"] : {});

const isSaid = (value: JsonValue | undefined): boolean => value !== undefined && value !== null && value !== "";
