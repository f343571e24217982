import { ApiError, type ApiObject, apiVersionOf, dataPlaneUser, type HttpResponse, invalid, isJsonObject, type JsonObject } from "@dataplane/meta";
import type { StoredValue } from "../codec.js";
import { serverSideApply } from "../patch/server-side-apply.js";
import { mediaTypeOf, readObjectBody, requireJsonObject } from "../read-body.js";
import type { ComputedSubresource, StoredObject } from "../resource.js";
import type { DuplicateKey } from "../scan-json.js";
import { applyDefaults } from "../schema/apply-defaults.js";
import { wholeObjectSchema } from "../schema/object-meta-schema.js";
import { prune } from "../schema/prune.js";
import { validateSchema } from "../schema/validate-schema.js";
import { jsonOf } from "../table.js";
import { answerValue } from "./answer.js";
import { found } from "./get.js";
import { type Hooks, hooksOf, mutatedByHooks, optionsOfWrite, requireAllowedByHooks } from "./hooks.js";
import { withIdentity } from "./identity.js";
import { readPatch } from "./patch.js";
import { reportFields } from "./report-fields.js";
import { replace, requireLive, retried } from "./update.js";
import { apiObjectOf, methodNotAllowed, type VerbCall } from "./verb-call.js";
import { applyType, type WriteOptions, writeOptions } from "./write-options.js";

type Computed = ComputedSubresource<ApiObject>;

/** A subresource that code answers. Internal ones are for the data plane alone. */
export async function serveComputed(call: VerbCall, computed: Computed): Promise<HttpResponse> {
  const { request, resource, info } = call;
  if (computed.internal && request.context.user?.name !== dataPlaneUser.name) {
    const what = `${resource.definition.plural}/${computed.name}`;
    throw new ApiError("Forbidden", `${what} ${JSON.stringify(info.name)} is forbidden: it is internal to the data plane`);
  }
  if (info.verb === "get" && computed.get !== undefined) return answerValue(call, await computed.get(storedObject(call, await found(call))));
  if (info.verb === "create" && computed.create !== undefined) return create(call, computed, computed.create);
  if (info.verb === "update" && computed.update !== undefined) return update(call, computed, computed.update);
  if (info.verb === "patch" && computed.update !== undefined && computed.get !== undefined)
    return patch(call, computed, computed.update, computed.get);
  throw methodNotAllowed();
}

const storedObject = ({ resource }: VerbCall, stored: StoredValue): StoredObject<ApiObject> => ({
  object: stored.shownBy(resource).object,
  hidden: stored.hidden,
  revision: stored.revision,
});

async function create(call: VerbCall, computed: Computed, answer: NonNullable<Computed["create"]>): Promise<HttpResponse> {
  const { request, services } = call;
  const { value, duplicates } = await readObjectBody(request, services.bodyLimitBytes);
  const options = writeOptions(call);
  const sent = checkedBody(call, computed, { body: requireJsonObject(value), duplicates, options });
  const { view: body } = await admittedView(call, undefined, { body: sent, options, computed });
  const { user } = request.context;
  if (user === undefined) throw new Error("the request has not passed the filters");
  return answerValue(call, await answer({ stored: storedObject(call, await found(call)), body, user }), 201);
}

async function update(call: VerbCall, computed: Computed, change: NonNullable<Computed["update"]>): Promise<HttpResponse> {
  const { value, duplicates } = await readObjectBody(call.request, call.services.bodyLimitBytes);
  const options = writeOptions(call);
  const body = checkedBody(call, computed, { body: requireJsonObject(value), duplicates, options });
  const stored = await retried(call, jsonOf(body), (live) =>
    replaceBy(call, requireLive(call, live), { body, options, computed, change, request: "replace" }),
  );
  return answer(call, computed, stored);
}

async function patch(
  call: VerbCall,
  computed: Computed,
  change: NonNullable<Computed["update"]>,
  view: NonNullable<Computed["get"]>,
): Promise<HttpResponse> {
  const isApply = mediaTypeOf(call.request) === applyType;
  const patched = await readPatch(call);
  const options = writeOptions(call);
  const stored = await retried(call, undefined, async (found) => {
    const live = requireLive(call, found);
    const { body, duplicates } = patched(await view(storedObject(call, live)));
    const checked = checkedBody(call, computed, { body, duplicates, options });
    return replaceBy(call, live, { body: checked, options, computed, change, request: isApply ? "apply" : "patch" });
  });
  return answer(call, computed, stored);
}

interface Change {
  readonly body: ApiObject;
  readonly options: WriteOptions;
  readonly computed: Computed;
  readonly change: NonNullable<Computed["update"]>;
  readonly request: "replace" | "patch" | "apply";
}

async function replaceBy(call: VerbCall, live: StoredValue, { body, options, computed, change, request }: Change): Promise<StoredValue> {
  const object = live.shownBy(call.resource).object;
  const { view, askedHooks } = await admittedView(call, live, { body, options, computed });
  const isApply = request === "apply";
  const next = isApply ? appliedThrough(call, object, { view, change, options }) : change({ object, body: view, request });
  return replace(call, {
    ...{ body: withPreconditions(jsonOf(next), body), duplicates: [], live, options, request, askedHooks },
    fieldsAreTracked: isApply,
  });
}

/** The object with what the view says of it applied: its manager owns the fields that the view stands for, and no others. */
function appliedThrough(
  { resource, info, services }: VerbCall,
  live: ApiObject,
  { view, change, options }: { readonly view: ApiObject; readonly change: Change["change"]; readonly options: WriteOptions },
): ApiObject {
  const { name, namespace } = live.metadata;
  const bare: ApiObject = { apiVersion: live.apiVersion, kind: live.kind, metadata: { name, ...(namespace === undefined ? {} : { namespace }) } };
  const { object } = serverSideApply({
    live,
    applied: change({ object: bare, body: view, request: "patch" }),
    manager: options.fieldManager,
    force: options.force,
    schema: resource.definition.schema,
    apiVersion: resource.apiVersion,
    subresource: info.subresource,
    now: services.clock.now(),
  });
  return object;
}

interface AdmittedView {
  readonly view: ApiObject;
  readonly askedHooks: Hooks;
}

/**
 * The view as hooks let it be that have a say in views: they are asked about what the client sees and sends. Those that know of whole
 * objects alone are asked about the object. `live` is undefined for a question that is created.
 */
async function admittedView(
  call: VerbCall,
  live: StoredValue | undefined,
  { body, options, computed }: Pick<Change, "body" | "options" | "computed">,
): Promise<AdmittedView> {
  const { definition } = call.resource;
  const { group = definition.group, version = definition.version, kind } = computed;
  const target = { operation: live === undefined ? ("CREATE" as const) : ("UPDATE" as const), kind: { group, version, kind } };
  const askedHooks = hooksOf(call, target);
  if (askedHooks.length === 0) return { view: body, askedHooks };
  const old = live === undefined ? undefined : await computed.get?.(storedObject(call, live));
  const write = {
    ...target,
    oldObject: old === undefined ? undefined : jsonOf(old),
    dryRun: options.dryRun,
    options: optionsOfWrite(call, live === undefined ? "CreateOptions" : "UpdateOptions"),
  };
  const mutated = (await mutatedByHooks(call, askedHooks, { ...write, object: jsonOf(body) })) ?? jsonOf(body);
  const view = checkedBody(call, computed, { body: mutated, duplicates: [], options: { ...options, fieldValidation: "Ignore" } });
  await requireAllowedByHooks(call, askedHooks, { ...write, object: jsonOf(view) });
  return { view, askedHooks };
}

/** The view's own uid and resourceVersion are the object's. */
function withPreconditions(next: JsonObject, { metadata: { uid = "", resourceVersion = "" } }: ApiObject): JsonObject {
  const { metadata } = next;
  const sent = { ...(uid === "" ? {} : { uid }), ...(resourceVersion === "" ? {} : { resourceVersion }) };
  return { ...next, metadata: { ...(isJsonObject(metadata) ? metadata : {}), ...sent } };
}

/** What the view shows after the write; without a view, the object. */
async function answer(call: VerbCall, { get }: Computed, stored: StoredValue): Promise<HttpResponse> {
  const shown = storedObject(call, stored);
  return answerValue(call, get === undefined ? shown.object : await get(shown));
}

interface SentBody {
  readonly body: JsonObject;
  readonly duplicates: readonly DuplicateKey[];
  readonly options: WriteOptions;
}

/** The body as its schema has it, with the name of the path. Throws BadRequest and Invalid. */
function checkedBody(call: VerbCall, { schema, kind, group, version, validate }: Computed, { body, duplicates, options }: SentBody): ApiObject {
  const { info, resource } = call;
  const { definition } = resource;
  const type = { group: group ?? definition.group, version: version ?? definition.version };
  const own = { ...call, resource: { ...resource, apiVersion: apiVersionOf(type), definition: { ...definition, ...type, kind } } };
  const named = withIdentity(own, body);
  if (schema === undefined) return apiObjectOf(named);
  const whole = wholeObjectSchema(schema);
  const { value, unknown } = prune(whole, named);
  reportFields(own, options, { body: named, unknown, duplicates });
  const object = requireJsonObject(applyDefaults(whole, value));
  const structural = validateSchema(whole, object);
  const causes = structural.length > 0 || validate === undefined ? structural : validate(apiObjectOf(object));
  if (causes.length > 0) throw invalid(kind, type.group, info.name, causes);
  return apiObjectOf(object);
}
