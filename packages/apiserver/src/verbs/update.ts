import { badRequest, conflict, type HttpResponse, invalid, isJsonObject, type JsonObject, notFound } from "@dataplane/meta";
import { RevisionConflict } from "@dataplane/storage";
import type { StoredValue } from "../codec.js";
import { readObjectBody, requireJsonObject } from "../read-body.js";
import { invalidValue } from "../schema/field-errors.js";
import { jsonOf } from "../table.js";
import { admit, checkBody, type Proposal } from "./admit.js";
import { answerObject } from "./answer.js";
import { createObject } from "./create.js";
import { requireMayCreate } from "./may-create.js";
import { sameState } from "./system-metadata.js";
import { objectsOf, type VerbCall } from "./verb-call.js";
import { writeOptions } from "./write-options.js";

/** PUT of a whole object, or of its status. */
export async function update(call: VerbCall): Promise<HttpResponse> {
  const options = writeOptions(call);
  const { value, duplicates } = await readObjectBody(call.request, call.services.bodyLimitBytes, call.resource.hasProtobuf);
  const body = requireJsonObject(value);
  const sent = { body, duplicates, options, request: "replace" as const };
  // Whether it is there or not: a body for another object is a mistake.
  checkBody(call, sent);
  const made = new Set<StoredValue>();
  const stored = await retried(call, body, async (found) => {
    if (found === undefined && call.resource.definition.createsOnUpdate === true && call.info.subresource === "") {
      await requireMayCreate(call);
      const created = await createObject(call, { ...sent, body: withoutVersion(body), request: "create", fieldsAreReported: true });
      made.add(created);
      return created;
    }
    const live = requireLive(call, found);
    requireVersion(call, body);
    return replace(call, { ...sent, live, fieldsAreReported: true });
  });
  return answerObject(call, stored, made.has(stored) ? 201 : 200);
}

/** Of an object that is made there is no version to hold it to. */
function withoutVersion(body: JsonObject): JsonObject {
  const { resourceVersion: _none, ...metadata } = sentMetadata(body);
  return { ...body, metadata };
}

/** Custom resources, and some kinds, are never replaced unseen. Throws Invalid, which names the resource here, as Kubernetes does. */
function requireVersion({ resource: { definition }, info }: VerbCall, body: JsonObject): void {
  const { resourceVersion = "" } = sentMetadata(body);
  const { unconditionalUpdate = definition.versioned === undefined } = definition;
  if (unconditionalUpdate || (resourceVersion !== "" && resourceVersion !== null)) return;
  throw invalid(definition.plural, definition.group, info.name, [invalidValue("metadata.resourceVersion", 0, "must be specified for an update")]);
}

const attempts = 16;

/**
 * Reads the newest state and gives it to `write`, again when another writer was faster, unless the client named the
 * resourceVersion that it wants to replace.
 */
export async function retried(
  call: VerbCall,
  body: JsonObject | undefined,
  write: (live: StoredValue | undefined) => Promise<StoredValue>,
): Promise<StoredValue> {
  const isPinned = body !== undefined && sentMetadata(body)["resourceVersion"] !== undefined && sentMetadata(body)["resourceVersion"] !== "";
  for (let attempt = 1; ; attempt++) {
    const live = await objectsOf(call).get(call.info.namespace, call.info.name);
    try {
      return await write(live);
    } catch (error) {
      if (!(error instanceof RevisionConflict)) throw error;
      if (isPinned || attempt === attempts) throw stale(call);
    }
  }
}

export function requireLive({ resource: { definition }, info }: VerbCall, live: StoredValue | undefined): StoredValue {
  if (live === undefined) throw notFound(definition.plural, info.name, definition.group);
  return live;
}

/** Admits the proposal and writes it over the live object. Nothing is written when nothing changes. Throws the store's RevisionConflict. */
export async function replace(call: VerbCall, proposal: Proposal & { readonly live: StoredValue }): Promise<StoredValue> {
  const { live, options } = proposal;
  requirePreconditions(call, proposal.body, live);
  const { object, hidden } = await admit(call, proposal);
  const before = live.shownBy(call.resource).object;
  const objects = objectsOf(call);
  if (sameState(jsonOf(object), jsonOf(before)) && sameState(hidden ?? {}, live.hidden ?? {}) && !objects.isOutdated(live)) return live;
  if (options.dryRun) return objects.preview(object, hidden, live);
  const isReleased = object.metadata.deletionTimestamp !== undefined && (object.metadata.finalizers ?? []).length === 0;
  if (isReleased && call.resource.definition.finalization?.isHeld(object) !== true) {
    await objects.remove(live);
    return objects.preview(object, hidden, live);
  }
  return objects.put(object, hidden, live);
}

/** The uid and the resourceVersion that the body names, if any, are those of the live object. Throws Conflict. */
export function requirePreconditions(call: VerbCall, body: JsonObject, live: StoredValue): void {
  const { resourceVersion, uid } = sentMetadata(body);
  const { definition } = call.resource;
  const liveUid = live.bare.metadata.uid ?? "";
  if (typeof uid === "string" && uid !== "" && uid !== liveUid) {
    const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${liveUid}`;
    throw conflict(definition.plural, call.info.name, definition.group, why);
  }
  if (resourceVersion === undefined || resourceVersion === null || resourceVersion === "") return;
  if (typeof resourceVersion !== "string") throw badRequest("metadata.resourceVersion must be a string");
  if (resourceVersion !== live.revision.toString()) throw stale(call);
}

const sentMetadata = ({ metadata }: JsonObject): JsonObject => (isJsonObject(metadata) ? metadata : {});

const stale = ({ resource: { definition }, info }: VerbCall): Error =>
  conflict(
    definition.plural,
    info.name,
    definition.group,
    "the object has been modified; please apply your changes to the latest version and try again",
  );
