import { isDeepStrictEqual } from "node:util";
import { managedLabel } from "@dataplane/aggregator";
import type { ApiClient, ObjectRef } from "@dataplane/client";
import { type ApiObject, tolerating } from "@dataplane/meta";
import { type AccessObject, accessRefs } from "./access-objects.js";

/** What became of an object that is to be there: another's is left alone. */
export type Kept = "kept" | "another's";

/**
 * Makes the object what it is to be, unless one of that name belongs to somebody else. `known` is the object as last seen. Throws what the
 * API refuses with, Conflict for one that changed meanwhile.
 */
export async function keepObject(client: ApiClient, wanted: AccessObject, known: ApiObject | undefined, signal: AbortSignal): Promise<Kept> {
  const { kind, object } = wanted;
  const resource = accessRefs[kind];
  const found = known ?? (await tolerating(client.get<ApiObject>(resource, refOf(object), signal), "NotFound"));
  if (found === undefined) {
    await client.create(resource, object, { fieldManager }, signal);
    return "kept";
  }
  if (!isOwnedAlike(found, object)) return "another's";
  if (isDeepStrictEqual(contentOf(found), contentOf(object))) return "kept";
  if (!isDeepStrictEqual(found["roleRef"], object["roleRef"])) return replaced(client, wanted, found, signal);
  const metadata = { ...found.metadata, labels: { ...found.metadata.labels, ...object.metadata.labels } };
  await client.update(resource, refOf(object), { ...found, ...object, metadata }, { fieldManager }, signal);
  return "kept";
}

/** Deletes it in the state that was seen, if it belongs to that manifest. */
export async function dropObject(client: ApiClient, { kind, object }: AccessObject, signal: AbortSignal): Promise<void> {
  const { uid } = object.metadata;
  await tolerating(client.delete(accessRefs[kind], refOf(object), signal, uid === undefined ? {} : { uid }), "NotFound", "Conflict");
}

const fieldManager = "appmanifest-access";

/** A binding cannot be given another role. */
async function replaced(client: ApiClient, { kind, object }: AccessObject, found: ApiObject, signal: AbortSignal): Promise<Kept> {
  await dropObject(client, { kind, object: found }, signal);
  await client.create(accessRefs[kind], object, { fieldManager }, signal);
  return "kept";
}

export const refOf = ({ metadata: { name, namespace } }: ApiObject): ObjectRef => ({ name, ...(namespace === undefined ? {} : { namespace }) });

const ownerUidsOf = ({ metadata }: ApiObject): readonly string[] => (metadata.ownerReferences ?? []).map(({ uid }) => uid);

const isOwnedAlike = (found: ApiObject, wanted: ApiObject): boolean => ownerUidsOf(wanted).every((uid) => ownerUidsOf(found).includes(uid));

/** What is ours of an object: other labels and annotations are anybody's. */
function contentOf(object: ApiObject): object {
  const { rules, roleRef, subjects, metadata } = object;
  return { rules, roleRef, subjects, label: metadata.labels?.[managedLabel] };
}
