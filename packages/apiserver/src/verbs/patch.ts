import { type ApiObject, badRequest, conflict, type HttpResponse, isJsonObject, type JsonObject, type JsonValue, notFound } from "@dataplane/meta";
import type { StoredValue } from "../codec.js";
import { type ParsedBody, parseJsonBody } from "../parse-json.js";
import { applyJsonPatch } from "../patch/json-patch.js";
import { applyMergePatch } from "../patch/merge-patch.js";
import { serverSideApply } from "../patch/server-side-apply.js";
import { applyStrategicMergePatch } from "../patch/strategic-merge-patch.js";
import type { StatesInVersion } from "../patch/track-update.js";
import { mediaTypeOf, readBytes, requireJsonObject, textOf, unsupportedMediaType } from "../read-body.js";
import type { DuplicateKey } from "../scan-json.js";
import { wholeObjectSchema } from "../schema/object-meta-schema.js";
import { jsonOf } from "../table.js";
import { parseYamlBody } from "../yaml-body.js";
import { answerObject } from "./answer.js";
import { createObject } from "./create.js";
import { withIdentity } from "./identity.js";
import { requireMayCreate } from "./may-create.js";
import { inOtherVersions } from "./other-versions.js";
import { replace, requireLive, requirePreconditions, retried } from "./update.js";
import { apiObjectOf, type VerbCall } from "./verb-call.js";
import { applyType, type WriteOptions, writeOptions } from "./write-options.js";

/** PATCH: how the body changes the object is said by its content type (https://kubernetes.io/docs/reference/using-api/api-concepts/#patch-and-apply). */
export async function patch(call: VerbCall): Promise<HttpResponse> {
  const type = mediaTypeOf(call.request);
  const accepted = acceptedTypes(call);
  if (!accepted.includes(type)) throw unsupportedMediaType(accepted);
  const options = writeOptions(call);
  const text = textOf(await readBytes(call.request, call.services.bodyLimitBytes));
  const body = type === applyType ? await parseYamlBody(text) : parseJsonBody(text);
  if (type === applyType) return apply(call, body, options);
  const found = type === "application/json-patch+json" ? { duplicates: [], patchProblems: operationProblems(body) } : { duplicates: body.duplicates };
  const stored = await retried(call, undefined, async (current) => {
    const live = requireLive(call, current);
    const next = patched(call, type, live.shownBy(call.resource).object, body.value);
    return replace(call, { body: next, ...found, live, options, request: "patch" });
  });
  return answerObject(call, stored);
}

const operationFields: ReadonlySet<string> = new Set(["op", "path", "from", "value"]);

/** What a strict reader of a JSON patch finds in its operations. */
function operationProblems({ value, duplicates }: ParsedBody): readonly string[] {
  const operations = Array.isArray(value) ? (value as readonly JsonValue[]) : [];
  const unknown = operations.flatMap((operation, index) =>
    (isJsonObject(operation) ? Object.keys(operation) : []).filter((key) => !operationFields.has(key)).map((key) => `[${index}].${key}`),
  );
  const isOfOperation = (path: string): boolean => /^\[\d+\]\.[^.[]+$/.test(path);
  return [
    ...unknown.map((path) => `json patch unknown field ${JSON.stringify(path)}`),
    ...duplicates.filter(({ path }) => isOfOperation(path)).map(({ path }) => `json patch duplicate field ${JSON.stringify(path)}`),
  ];
}

/** The patch of a view of an object, such as its scale: applied to what the view shows. An apply says all that it wants there. */
export async function readPatch(
  call: VerbCall,
): Promise<(view: ApiObject) => { readonly body: JsonObject; readonly duplicates: readonly DuplicateKey[] }> {
  const type = mediaTypeOf(call.request);
  const accepted = acceptedTypes(call);
  if (!accepted.includes(type)) throw unsupportedMediaType(accepted);
  const text = textOf(await readBytes(call.request, call.services.bodyLimitBytes));
  const { value, duplicates } = type === applyType ? await parseYamlBody(text) : parseJsonBody(text);
  return (view) => {
    const document = jsonOf(view);
    const next = type === "application/json-patch+json" ? applyJsonPatch(document, value) : applyMergePatch(document, requireJsonObject(value));
    if (!isJsonObject(next)) throw badRequest("the patch does not leave an object");
    return { body: withOwnVersion(next, document), duplicates };
  };
}

const acceptedTypes = ({ resource }: VerbCall): readonly string[] => [
  "application/json-patch+json",
  "application/merge-patch+json",
  ...(resource.definition.strategicMerge === true ? ["application/strategic-merge-patch+json"] : []),
  applyType,
];

function patched({ resource }: VerbCall, type: string, live: ApiObject, body: JsonValue): JsonObject {
  const document = jsonOf(live);
  const next = patchedBy(type, document, body, () => wholeObjectSchema(resource.definition.schema));
  if (!isJsonObject(next)) throw badRequest("the patch does not leave an object");
  const { metadata = {} } = next;
  if (isJsonObject(metadata) && (metadata["name"] ?? "") === "") {
    throw badRequest(`the name of the object (${live.metadata.name} based on URL) was undeterminable: name must be provided`);
  }
  return withOwnVersion(next, document);
}

function patchedBy(type: string, document: JsonObject, body: JsonValue, schema: () => ReturnType<typeof wholeObjectSchema>): JsonValue {
  if (type === "application/json-patch+json") return applyJsonPatch(document, body);
  if (type === "application/merge-patch+json") return applyMergePatch(document, requireJsonObject(body));
  return applyStrategicMergePatch(document, requireJsonObject(body), schema());
}

/** A version that the patch left alone is no precondition: the write is retried on the newest state instead. */
function withOwnVersion(next: JsonObject, before: JsonObject): JsonObject {
  const { metadata } = next;
  const { metadata: old } = before;
  if (!isJsonObject(metadata) || !isJsonObject(old)) return next;
  if (metadata["resourceVersion"] !== old["resourceVersion"]) return next;
  const { resourceVersion: _same, ...rest } = metadata;
  return { ...next, metadata: rest };
}

/** Server-side apply: makes the object when it is absent. */
async function apply(call: VerbCall, { value, duplicates }: ParsedBody, options: WriteOptions): Promise<HttpResponse> {
  const sent = requireJsonObject(value);
  if (isJsonObject(sent["metadata"]) && sent["metadata"]["managedFields"] !== undefined && sent["metadata"]["managedFields"] !== null) {
    throw badRequest("metadata.managedFields must be nil");
  }
  const applied = apiObjectOf(withIdentity(call, sent));
  const made = new Set<StoredValue>();
  const stored = await retried(call, jsonOf(applied), async (live: StoredValue | undefined) => {
    if (live === undefined) requireNewName(call, sent, applied);
    else requirePreconditions(call, jsonOf(applied), live);
    const merged = await mergedOverVersions(call, applied, live?.shownBy(call.resource).object, options);
    const proposal = {
      body: withOwnVersion(jsonOf(merged), jsonOf(live?.shownBy(call.resource).object ?? {})),
      duplicates,
      options,
      request: "apply" as const,
      fieldsAreTracked: true,
    };
    if (live !== undefined) return replace(call, { ...proposal, live });
    const { definition } = call.resource;
    if (call.info.subresource !== "") throw notFound(definition.plural, call.info.name, definition.group);
    await requireMayCreate(call);
    const created = await createObject(call, proposal);
    made.add(created);
    return created;
  });
  return answerObject(call, stored, made.has(stored) ? 201 : 200);
}

/** A new object is named by what is applied, and has no uid yet: who names one means another object. */
function requireNewName({ resource: { definition }, info }: VerbCall, { metadata }: JsonObject, { metadata: { uid = "" } }: ApiObject): void {
  const { name = "" } = isJsonObject(metadata) ? metadata : {};
  if (name === "") throw badRequest(`the name of the object (${info.name} based on URL) was undeterminable: name must be provided`);
  if (uid === "") return;
  const why = `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`;
  throw conflict(definition.plural, info.name, definition.group, why);
}

/** What is changed for owners in other versions is only known of the merged object: it is made by force, then judged under their names. */
async function mergedOverVersions(call: VerbCall, applied: ApiObject, live: ApiObject | undefined, options: WriteOptions): Promise<ApiObject> {
  if (call.resource.definition.versioned?.converter === undefined) return mergedBy(call, applied, live, options);
  const forced = mergedBy(call, applied, live, { ...options, force: true });
  return mergedBy(call, applied, live, options, await inOtherVersions(call, live, forced));
}

function mergedBy(
  { resource, info, services }: VerbCall,
  applied: ApiObject,
  live: ApiObject | undefined,
  options: WriteOptions,
  others: ReadonlyMap<string, StatesInVersion> = new Map(),
): ApiObject {
  return serverSideApply({
    inOtherVersions: others,
    live,
    applied,
    manager: options.fieldManager,
    force: options.force,
    schema: resource.definition.schema,
    apiVersion: resource.apiVersion,
    subresource: info.subresource,
    hasStatus: resource.definition.hasStatus,
    now: services.clock.now(),
  }).object;
}
