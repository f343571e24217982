import { type ApiObject, badRequest, type Cause, invalid, isJsonObject, type JsonObject } from "@dataplane/meta";
import type { StoredValue } from "../codec.js";
import { jsonEqual } from "../patch/json-equal.js";
import { trackUpdate } from "../patch/track-update.js";
import type { Hidden, PrepareInput } from "../resource.js";
import type { DuplicateKey } from "../scan-json.js";
import { applyDefaults } from "../schema/apply-defaults.js";
import { wholeObjectSchema } from "../schema/object-meta-schema.js";
import { type Pruned, prune } from "../schema/prune.js";
import { validateObject } from "../schema/validate-object.js";
import { jsonOf } from "../table.js";
import { type HookedWrite, type Hooks, hooksOf, mutatedByHooks, optionsOfWrite, requireAllowedByHooks } from "./hooks.js";
import { withIdentity } from "./identity.js";
import { metadataCauses } from "./metadata-rules.js";
import { inOtherVersions } from "./other-versions.js";
import { asChanged, asNew } from "./proposed-object.js";
import { reportFields } from "./report-fields.js";
import { scaleCauses } from "./scale-rules.js";
import { withGeneration } from "./system-metadata.js";
import { typedForm, withTypedMetadata } from "./typed-form.js";
import { apiObjectOf, type VerbCall, warn } from "./verb-call.js";
import type { WriteOptions } from "./write-options.js";

/** An object on its way into the store. */
export interface Proposal {
  readonly body: JsonObject;
  readonly duplicates: readonly DuplicateKey[];
  /** What is wrong with the operations of a JSON patch, in words. */
  readonly patchProblems?: readonly string[];
  /** What it replaces; undefined for a create. */
  readonly live: StoredValue | undefined;
  readonly options: WriteOptions;
  /** How the client wrote. */
  readonly request: PrepareInput<ApiObject>["request"];
  /** True when the client was told of unknown fields already. */
  readonly fieldsAreReported?: boolean;
  /** True after server-side apply, which has written managedFields itself. */
  readonly fieldsAreTracked?: boolean;
  /** Those who were asked already, about a view of the object. */
  readonly askedHooks?: Hooks;
}

export interface Admitted {
  readonly object: ApiObject;
  readonly hidden: Hidden | undefined;
}

/**
 * From what a client sent to what is stored: identity, unknown fields, defaults, the server's metadata, the definition's `prepare`, hooks
 * that mutate, managedFields, validation, hooks that validate, warnings. Throws BadRequest, Invalid, and what hooks refuse with.
 */
export async function admit(call: VerbCall, proposal: Proposal): Promise<Admitted> {
  const { definition } = call.resource;
  const live = proposal.live?.shownBy(call.resource).object;
  const sent = knownFields(call, proposal);
  const proposed = apiObjectOf(live === undefined ? asNew(call, sent) : asChanged(call, sent, jsonOf(live)));
  const first = await prepared(call, proposal, { object: proposed, old: live, oldHidden: proposal.live?.hidden, request: proposal.request });
  const concerned = hooksOf(call, { operation: live === undefined ? "CREATE" : "UPDATE" });
  const hooks = proposal.askedHooks === undefined ? concerned : concerned.filter((hook) => proposal.askedHooks?.includes(hook) !== true);
  const { object: whole, hidden } = hooks.length > 0 ? await mutated(call, hooks, { proposal, live, first }) : first;
  // Of what is stored, not of what was sent: a secret sent again is no change.
  const counts = live !== undefined && call.info.subresource !== "status" && definition.hasGeneration !== false;
  const settled = counts ? apiObjectOf(withGeneration(jsonOf(whole), jsonOf(live))) : whole;
  const object = await tracked(call, proposal, live, settled);
  requireValid(call, object, live);
  if (hooks.length > 0) await requireAllowedByHooks(call, hooks, hookedWrite(call, proposal, live, object));
  if (definition.warn !== undefined) warn(call, definition.warn(object));
  return { object, hidden };
}

async function prepared(
  { resource: { definition }, info, services, request: { context } }: VerbCall,
  { live, options }: Proposal,
  input: Pick<PrepareInput<ApiObject>, "object" | "old" | "oldHidden" | "request">,
): Promise<Admitted> {
  if (info.subresource !== "" || definition.prepare === undefined) return { object: input.object, hidden: input.oldHidden };
  const { object, hidden } = await definition.prepare({
    ...input,
    operation: live === undefined ? "create" : "update",
    dryRun: options.dryRun,
    now: services.clock.now(),
    user: context.user,
  });
  return { object, hidden };
}

interface Prepared {
  readonly proposal: Proposal;
  readonly live: ApiObject | undefined;
  readonly first: Admitted;
}

/** What hooks make of a prepared object, pruned, defaulted and prepared like what clients send. They never see what is hidden. */
async function mutated(call: VerbCall, hooks: Hooks, { proposal, live, first }: Prepared): Promise<Admitted> {
  const before = jsonOf(first.object);
  const after = (await mutatedByHooks(call, hooks, hookedWrite(call, proposal, live, first.object))) ?? before;
  if (jsonEqual(before, after)) return first;
  const next = apiObjectOf(withServersPart(call, defaulted(call, known(call, after).value), before));
  // What is hidden was taken out of the prepared object already: that is what the next one is held against.
  const since: Pick<PrepareInput<ApiObject>, "old" | "oldHidden" | "request"> = first.hidden === undefined
    ? { old: live, oldHidden: proposal.live?.hidden, request: proposal.request }
    : { old: first.object, oldHidden: first.hidden, request: "replace" };
  return prepared(call, proposal, { object: next, ...since });
}

/** Through the status subresource only the status changes, through the object all else. */
function withServersPart({ resource, info }: VerbCall, after: JsonObject, before: JsonObject): JsonObject {
  const { status: was, ...others } = before;
  const { status, ...desired } = after;
  if (info.subresource === "status") return { ...others, ...(status === undefined ? {} : { status }) };
  const kept = resource.definition.hasStatus === true ? was : status;
  return { ...desired, ...(kept === undefined ? {} : { status: kept }) };
}

function hookedWrite(call: VerbCall, { options: { dryRun } }: Proposal, live: ApiObject | undefined, object: ApiObject): HookedWrite {
  const isNew = live === undefined;
  return {
    operation: isNew ? "CREATE" : "UPDATE",
    name: object.metadata.name,
    object: jsonOf(object),
    oldObject: isNew ? undefined : jsonOf(live),
    dryRun,
    options: optionsOfWrite(call, isNew ? "CreateOptions" : "UpdateOptions"),
  };
}

function knownFields(call: VerbCall, proposal: Proposal): JsonObject {
  const { value, unknown } = known(call, withIdentity(call, proposal.body));
  if (proposal.fieldsAreReported !== true) report(call, proposal, unknown);
  return defaulted(call, value);
}

type SentFields = Pick<Proposal, "body" | "duplicates" | "options" | "request" | "patchProblems">;

function report(call: VerbCall, { body, duplicates, options, request, patchProblems = [] }: SentFields, unknown: readonly string[]): void {
  reportFields(call, options, { body, unknown, duplicates, request, patchProblems });
}

/** Holds a body against its path, and tells of unknown fields, before anything is looked up. Throws BadRequest. */
export const checkBody = (call: VerbCall, sent: SentFields): void => report(call, sent, known(call, withIdentity(call, sent.body)).unknown);

function known({ resource: { definition } }: VerbCall, object: JsonObject): Pruned {
  const whole = wholeObjectSchema(definition.schema);
  return prune(whole, definition.strategicMerge === true ? typedForm(whole, object) : withTypedMetadata(object));
}

function defaulted({ resource: { definition } }: VerbCall, value: Pruned["value"]): JsonObject {
  const object = applyDefaults(wholeObjectSchema(definition.schema), value);
  if (!isJsonObject(object)) throw badRequest("the object must be a JSON object");
  return object;
}

async function tracked(call: VerbCall, { options, fieldsAreTracked }: Proposal, live: ApiObject | undefined, next: ApiObject): Promise<ApiObject> {
  if (fieldsAreTracked === true) return next;
  const { resource, info, services } = call;
  return trackUpdate({
    live,
    next,
    manager: options.fieldManager,
    schema: resource.definition.schema,
    apiVersion: resource.apiVersion,
    subresource: info.subresource,
    hasStatus: resource.definition.hasStatus === true,
    untracked: resource.definition.untracked,
    zero: resource.definition.zero,
    now: services.clock.now(),
    inOtherVersions: await inOtherVersions(call, live, next),
  });
}

function requireValid({ resource: { definition }, info }: VerbCall, object: ApiObject, live: ApiObject | undefined): void {
  const { structural, rules } = validateObject(wholeObjectSchema(definition.schema), jsonOf(object), live === undefined ? undefined : jsonOf(live));
  const own: readonly Cause[] =
    structural.length > 0 ? structural : [...metadataCauses(definition, object, live), ...(definition.validate?.(object, live) ?? [])];
  const scale = definition.scale === undefined ? [] : scaleCauses(definition.scale, object, { isStatusWrite: info.subresource === "status" });
  const causes = [...own, ...scale, ...rules];
  if (causes.length > 0) throw invalid(definition.kind, definition.group, object.metadata.name, causes);
}
