import { ApiError, type ApiObject, badRequest, conflict, type HttpResponse, isJsonObject, type JsonObject, rfc3339 } from "@dataplane/meta";
import { RevisionConflict } from "@dataplane/storage";
import type { StoredValue } from "../codec.js";
import { negotiate } from "../negotiate.js";
import { parseJson } from "../parse-json.js";
import { decodeObject, protobufMediaType } from "../protobuf/decode-object.js";
import { mediaTypeOf, readBytes, requireJsonObject, textOf, unsupportedMediaType } from "../read-body.js";
import { rendered } from "../render.js";
import { parseYamlBody } from "../yaml-body.js";
import { answerObject } from "./answer.js";
import { listOptions } from "./list-options.js";
import { selectionOf } from "./selection.js";
import { readSnapshot } from "./snapshot.js";
import { requireLive } from "./update.js";
import { objectsOf, type VerbCall } from "./verb-call.js";
import { dryRunOf } from "./write-options.js";

/** `meta/v1.DeleteOptions` of the body, with what the query says. */
interface DeleteOptions {
  readonly dryRun: boolean;
  readonly uid: string | undefined;
  readonly resourceVersion: string | undefined;
}

/** DELETE of one object. Finalizers hold it: then it is only marked, and answered. */
export async function remove(call: VerbCall): Promise<HttpResponse> {
  const options = await deleteOptions(call);
  const { stored, isGone } = await removeOne(call, options);
  if (!isGone) return answerObject(call, stored);
  const { definition } = call.resource;
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

const plain = ({ request }: VerbCall): ReturnType<typeof negotiate> => ({ ...negotiate(request), as: "object" });

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
        return unlessGone(removeOne({ ...call, info: { ...call.info, name, namespace } }, options));
      }),
    );
  }
  const metadata = { resourceVersion: revision.toString() };
  const { listKind, apiVersion } = call.resource;
  const objects = items.map((stored) => stored.shownBy(call.resource).object);
  return rendered(plain(call), 200, { kind: listKind, apiVersion, metadata, items: objects });
}

/** Someone else may have removed it meanwhile. */
async function unlessGone(removal: Promise<Removal>): Promise<void> {
  try {
    await removal;
  } catch (error) {
    if (!(error instanceof ApiError) || error.reason !== "NotFound") throw error;
  }
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

async function removeLive(call: VerbCall, { dryRun }: DeleteOptions, live: StoredValue): Promise<Removal> {
  const objects = objectsOf(call);
  const { definition } = call.resource;
  const { object } = live.shownBy(call.resource);
  const isHeld = (object.metadata.finalizers ?? []).length > 0 || definition.finalizedByServer === true;
  if (!isHeld) {
    if (!dryRun) await objects.remove(live);
    return { stored: live, isGone: true };
  }
  if (object.metadata.deletionTimestamp !== undefined) return { stored: live, isGone: false };
  const marked = markedAsDeleted(object, call.services.clock.now(), definition.finalizedByServer === true);
  const stored = dryRun ? objects.preview(marked, live.hidden, live) : await objects.put(marked, live.hidden, live);
  return { stored, isGone: false };
}

function markedAsDeleted(object: ApiObject, now: Date, isFinalizedByServer: boolean): ApiObject {
  const { metadata, ...rest } = object;
  const status = isJsonObject(rest["status"]) ? rest["status"] : {};
  return {
    ...rest,
    apiVersion: object.apiVersion,
    kind: object.kind,
    metadata: { ...metadata, deletionTimestamp: rfc3339(now), deletionGracePeriodSeconds: 0, generation: (metadata.generation ?? 1) + 1 },
    ...(isFinalizedByServer ? { status: { ...status, phase: "Terminating" } } : {}),
  };
}

function requirePreconditions({ resource: { definition }, info }: VerbCall, { uid, resourceVersion }: DeleteOptions, live: StoredValue): void {
  const liveUid = live.bare.metadata.uid ?? "";
  const fail = (why: string): Error => conflict(definition.plural, info.name, definition.group, `Precondition failed: ${why}`);
  if (uid !== undefined && uid !== liveUid) throw fail(`UID in precondition: ${uid}, UID in object meta: ${liveUid}`);
  if (resourceVersion !== undefined && resourceVersion !== live.revision.toString()) {
    throw fail(`ResourceVersion in precondition: ${resourceVersion}, ResourceVersion in object meta: ${live.revision.toString()}`);
  }
}

async function deleteOptions({ request, services }: VerbCall): Promise<DeleteOptions> {
  const body = await optionsBody(request, services.bodyLimitBytes);
  const preconditions = body["preconditions"] ?? {};
  if (!isJsonObject(preconditions)) throw badRequest("preconditions must be an object");
  const listed: unknown = body["dryRun"] ?? [];
  const dryRun = dryRunOf([...request.query.getAll("dryRun"), ...(Array.isArray(listed) ? listed.map(String) : [listed])]);
  return { dryRun, uid: text(preconditions["uid"]), resourceVersion: text(preconditions["resourceVersion"]) };
}

const text = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);

async function optionsBody(request: VerbCall["request"], limit: number): Promise<JsonObject> {
  const bytes = await readBytes(request, limit);
  if (bytes.byteLength === 0) return {};
  if (mediaTypeOf(request) === protobufMediaType) return decodeObject(bytes);
  const type = mediaTypeOf(request);
  if (type === "" || type === "application/json") return requireJsonObject(parseJson(textOf(bytes)));
  if (type === "application/yaml") return requireJsonObject((await parseYamlBody(textOf(bytes))).value);
  throw unsupportedMediaType(["application/json", "application/yaml"]);
}
