import { ApiError, type ApiObject, conflict, type HttpResponse, rfc3339, tolerating } from "@dataplane/meta";
import { RevisionConflict } from "@dataplane/storage";
import type { StoredValue } from "../codec.js";
import type { Representation } from "../negotiate.js";
import { rendered } from "../render.js";
import type { ResourceDefinition } from "../resource.js";
import { jsonOf } from "../table.js";
import { answerObject, representationFor } from "./answer.js";
import { type DeleteOptions, deleteOptions, type PropagationPolicy } from "./delete-options.js";
import { type Hooks, hooksOf, mutatedByHooks, requireAllowedByHooks } from "./hooks.js";
import { answerList } from "./list.js";
import { listOptions } from "./list-options.js";
import { selectionOf } from "./selection.js";
import { readSnapshot } from "./snapshot.js";
import { requireLive } from "./update.js";
import { objectsOf, type VerbCall } from "./verb-call.js";

/** DELETE of one object. Finalizers hold it: then it is only marked, and answered. */
export async function remove(call: VerbCall): Promise<HttpResponse> {
  const options = await deleteOptions(call);
  const { stored, isGone } = await removeOne(call, options);
  const { definition } = call.resource;
  if (!isGone || definition.answersDeleted === true) return answerObject(call, stored);
  const { name, uid } = stored.bare.metadata;
  return rendered(plain(call), 200, {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Success",
    details: {
      name,
      ...(definition.group === "" ? {} : { group: definition.group }),
      kind: definition.plural,
      ...(uid === undefined ? {} : { uid }),
    },
  });
}

const plain = (call: VerbCall): Representation => ({ ...representationFor(call), as: "object" });

/** A store makes one durable write of those that come together. */
const removedAtOnce = 64;

/** DELETE of a collection: of what the selectors select. */
export async function removeCollection(call: VerbCall): Promise<HttpResponse> {
  const options = await deleteOptions(call);
  const { items, revision } = await readSnapshot(call.services, selectionOf(call), { ...listOptions(call.request.query), mode: "newest" });
  for (let start = 0; start < items.length; start += removedAtOnce) {
    await Promise.all(
      items.slice(start, start + removedAtOnce).map((stored) => {
        const { name, namespace = "" } = stored.bare.metadata;
        // Someone else may have removed it meanwhile.
        return tolerating(removeOne({ ...call, info: { ...call.info, name, namespace } }, options), "NotFound");
      }),
    );
  }
  return answerList(call, plain(call), items, { resourceVersion: revision.toString() });
}

interface Removal {
  readonly stored: StoredValue;
  /** False when finalizers hold the object. */
  readonly isGone: boolean;
}

const attempts = 16;

async function removeOne(call: VerbCall, options: DeleteOptions): Promise<Removal> {
  for (let attempt = 1; ; attempt++) {
    const live = await objectsOf(call).get(call.info.namespace, call.info.name);
    const stored = requireLive(call, live);
    requireDeletable(call);
    requirePreconditions(call, options, stored);
    const hooks = hooksOf(call, { operation: "DELETE" });
    if (hooks.length > 0) await requireDeletionAllowed(call, hooks, { options, stored });
    try {
      return await removeLive(call, options, stored);
    } catch (error) {
      if (!(error instanceof RevisionConflict) || attempt === attempts) throw error;
    }
  }
}

function requireDeletable({ resource: { definition }, info }: VerbCall): void {
  if (definition.keptNames?.has(info.name) !== true) return;
  const message = `${definition.plural} ${JSON.stringify(info.name)} is forbidden: this ${definition.kind.toLowerCase()} may not be deleted`;
  throw new ApiError("Forbidden", message, { details: { name: info.name, kind: definition.plural } });
}

/** Hooks that mutate are asked too, though there is nothing to change: some refuse there. */
async function requireDeletionAllowed(
  call: VerbCall,
  hooks: Hooks,
  { options, stored }: { readonly options: DeleteOptions; readonly stored: StoredValue },
): Promise<void> {
  const { propagationPolicy, uid, resourceVersion, dryRun } = options;
  const preconditions = { ...(uid === undefined ? {} : { uid }), ...(resourceVersion === undefined ? {} : { resourceVersion }) };
  const write = {
    operation: "DELETE" as const,
    object: undefined,
    oldObject: jsonOf(stored.shownBy(call.resource).object),
    dryRun,
    options: {
      kind: "DeleteOptions",
      apiVersion: "meta.k8s.io/v1",
      ...(propagationPolicy === undefined ? {} : { propagationPolicy }),
      ...(Object.keys(preconditions).length === 0 ? {} : { preconditions }),
      ...(dryRun ? { dryRun: ["All"] } : {}),
    },
  };
  await mutatedByHooks(call, hooks, write);
  await requireAllowedByHooks(call, hooks, write);
}

async function removeLive(call: VerbCall, options: DeleteOptions, live: StoredValue): Promise<Removal> {
  const objects = objectsOf(call);
  const { definition } = call.resource;
  const { object } = live.shownBy(call.resource);
  const finalizers = finalizersAfter(object, options.propagationPolicy ?? defaultPropagation(definition, object));
  const isHeld = finalizers.length > 0 || definition.finalization !== undefined;
  if (!isHeld) {
    if (!options.dryRun) await objects.remove(live);
    return { stored: live, isGone: true };
  }
  const marked = markedAsDeleted(call, object, finalizers);
  if (marked === undefined) return { stored: live, isGone: false };
  const stored = options.dryRun ? objects.preview(marked, live.hidden, live) : await objects.put(marked, live.hidden, live);
  return { stored, isGone: false };
}

/** Whom the collector works for: they are set by a delete and taken away when its work is done. */
export const foregroundFinalizer = "foregroundDeletion";
export const orphanFinalizer = "orphan";

function defaultPropagation({ deletionPropagation = "Background" }: ResourceDefinition, { metadata }: ApiObject): PropagationPolicy {
  // An earlier delete may have said it.
  if (metadata.finalizers?.includes(orphanFinalizer) === true) return "Orphan";
  return metadata.finalizers?.includes(foregroundFinalizer) === true ? "Foreground" : deletionPropagation;
}

function finalizersAfter({ metadata }: ApiObject, policy: PropagationPolicy): readonly string[] {
  const others = (metadata.finalizers ?? []).filter((it) => it !== foregroundFinalizer && it !== orphanFinalizer);
  if (policy === "Foreground") return [...others, foregroundFinalizer];
  return policy === "Orphan" ? [...others, orphanFinalizer] : others;
}

/** Undefined when it is marked already, with the same finalizers. */
function markedAsDeleted({ resource: { definition }, services }: VerbCall, object: ApiObject, finalizers: readonly string[]): ApiObject | undefined {
  const { finalizers: before = [], ...metadata } = object.metadata;
  const isMarked = metadata.deletionTimestamp !== undefined;
  if (isMarked && finalizers.length === before.length && finalizers.every((it) => before.includes(it))) return undefined;
  const { generation } = metadata;
  const mark = isMarked
    ? {}
    : {
        deletionTimestamp: rfc3339(services.clock.now()),
        deletionGracePeriodSeconds: 0,
        ...(generation === undefined ? {} : { generation: generation + 1 }),
      };
  const marked = { ...object, metadata: { ...metadata, ...mark, ...(finalizers.length === 0 ? {} : { finalizers: [...finalizers] }) } };
  return definition.finalization === undefined ? marked : definition.finalization.mark(marked);
}

function requirePreconditions({ resource: { definition }, info }: VerbCall, { uid, resourceVersion }: DeleteOptions, live: StoredValue): void {
  const liveUid = live.bare.metadata.uid ?? "";
  // Kubernetes names the kind here, where it means the resource.
  const fail = (what: string, asked: string, found: string, happened: string): Error =>
    conflict(
      definition.kind,
      info.name,
      definition.group,
      `the ${what} in the precondition (${asked}) does not match the ${what} in record (${found}). The object might have been ${happened}`,
    );
  if (uid !== undefined && uid !== liveUid) throw fail("UID", uid, liveUid, "deleted and then recreated");
  const revision = live.revision.toString();
  if (resourceVersion !== undefined && resourceVersion !== revision) throw fail("ResourceVersion", resourceVersion, revision, "modified");
}
