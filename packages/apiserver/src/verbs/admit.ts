import { type ApiObject, badRequest, type Cause, invalid, isJsonObject, type JsonObject } from "@dataplane/meta";
import type { StoredValue } from "../codec.js";
import { trackUpdate } from "../patch/track-update.js";
import type { Hidden, PrepareInput, ResourceDefinition } from "../resource.js";
import { applyDefaults } from "../schema/apply-defaults.js";
import { wholeObjectSchema } from "../schema/object-meta-schema.js";
import { prune } from "../schema/prune.js";
import { validateObject } from "../schema/validate-object.js";
import { jsonOf } from "../table.js";
import { withIdentity } from "./identity.js";
import { metadataCauses } from "./metadata-rules.js";
import { changedMetadata, newMetadata, withGeneration } from "./system-metadata.js";
import { apiObjectOf, type VerbCall, warn } from "./verb-call.js";
import { withoutNulls } from "./without-nulls.js";
import { reportFields, type WriteOptions } from "./write-options.js";

/** An object on its way into the store. */
export interface Proposal {
  readonly body: JsonObject;
  readonly duplicates: readonly string[];
  /** What it replaces; undefined for a create. */
  readonly live: StoredValue | undefined;
  readonly options: WriteOptions;
  /** How the client wrote. */
  readonly request: PrepareInput<ApiObject>["request"];
  /** True after server-side apply, which has written managedFields itself. */
  readonly fieldsAreTracked?: boolean;
}

export interface Admitted {
  readonly object: ApiObject;
  readonly hidden: Hidden | undefined;
}

/**
 * From what a client sent to what is stored: identity, unknown fields, defaults, the server's metadata, the definition's `prepare`,
 * managedFields, validation, warnings. Throws BadRequest or Invalid.
 */
export async function admit(call: VerbCall, proposal: Proposal): Promise<Admitted> {
  const { definition } = call.resource;
  const live = proposal.live?.shownBy(call.resource).object;
  const sent = knownFields(call, proposal);
  const proposed = apiObjectOf(live === undefined ? asNew(call, sent) : asChanged(call, sent, jsonOf(live)));
  const isMain = call.info.subresource === "";
  const { object: prepared, hidden } =
    isMain && definition.prepare !== undefined
      ? await definition.prepare({
          operation: live === undefined ? "create" : "update",
          object: proposed,
          old: live,
          oldHidden: proposal.live?.hidden,
          dryRun: proposal.options.dryRun,
          request: proposal.request,
          now: call.services.clock.now(),
          user: call.request.context.user,
        })
      : { object: proposed, hidden: proposal.live?.hidden };
  // Of what is stored, not of what was sent: a secret sent again is no change.
  const settled = call.info.subresource !== "status" && live !== undefined ? apiObjectOf(withGeneration(jsonOf(prepared), jsonOf(live))) : prepared;
  const object = tracked(call, proposal, live, settled);
  requireValid(definition, object, live);
  if (definition.warn !== undefined) warn(call, definition.warn(object));
  return { object, hidden };
}

function knownFields(call: VerbCall, { body, duplicates, options }: Proposal): JsonObject {
  const { schema, strategicMerge } = call.resource.definition;
  const whole = wholeObjectSchema(schema);
  // A typed client cannot leave a field out: null is how it says that there is none.
  const sent = strategicMerge === true ? withoutNulls(whole, withIdentity(call, body)) : withIdentity(call, body);
  const { value, unknown } = prune(whole, sent);
  reportFields(call, options, { unknown, duplicates });
  const defaulted = applyDefaults(whole, value);
  if (!isJsonObject(defaulted)) throw badRequest("the object must be a JSON object");
  return defaulted;
}

function asNew({ resource, services }: VerbCall, sent: JsonObject): JsonObject {
  const { status, metadata, ...rest } = sent;
  const isKept = resource.definition.hasStatus !== true && status !== undefined;
  const meta = newMetadata(metadataOf({ metadata: metadata ?? {} }), { uid: services.newUid(), now: services.clock.now() });
  return { ...rest, metadata: meta, ...(isKept ? { status } : {}) };
}

function asChanged({ resource, info }: VerbCall, sent: JsonObject, live: JsonObject): JsonObject {
  const hasStatus = resource.definition.hasStatus === true;
  if (info.subresource === "status") {
    const { status: _old, ...rest } = live;
    const { managedFields } = metadataOf(sent);
    const metadata = { ...metadataOf(live), ...(managedFields === undefined ? {} : { managedFields }) };
    return { ...rest, metadata, ...(sent["status"] === undefined ? {} : { status: sent["status"] }) };
  }
  const { status, ...desired } = sent;
  const kept = hasStatus ? live["status"] : status;
  return { ...desired, metadata: changedMetadata(metadataOf(sent), metadataOf(live)), ...(kept === undefined ? {} : { status: kept }) };
}

const metadataOf = ({ metadata }: JsonObject): JsonObject => (isJsonObject(metadata) ? metadata : {});

function tracked(call: VerbCall, { options, fieldsAreTracked }: Proposal, live: ApiObject | undefined, next: ApiObject): ApiObject {
  if (fieldsAreTracked === true) return next;
  const { resource, info, services } = call;
  return trackUpdate({
    live,
    next,
    manager: options.fieldManager,
    schema: resource.definition.schema,
    apiVersion: resource.apiVersion,
    subresource: info.subresource,
    now: services.clock.now(),
  });
}

function requireValid(definition: ResourceDefinition, object: ApiObject, live: ApiObject | undefined): void {
  const { structural, rules } = validateObject(wholeObjectSchema(definition.schema), jsonOf(object), live === undefined ? undefined : jsonOf(live));
  const own: readonly Cause[] =
    structural.length > 0 ? structural : [...metadataCauses(definition, object, live), ...(definition.validate?.(object, live) ?? [])];
  const causes = [...own, ...rules];
  if (causes.length > 0) throw invalid(definition.kind, definition.group, object.metadata.name, causes);
}
