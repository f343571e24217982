import { type ApiError, type ApiObject, badRequest, isJsonObject, type JsonObject, type JsonValue, rfc3339 } from "@dataplane/meta";
import { wholeObjectSchema } from "../schema/object-meta-schema.js";
import { prune } from "../schema/prune.js";
import type { StructuralSchema } from "../schema/structural-schema.js";
import { managedFieldsOf, withManagedFields, withoutManagedFields } from "./api-object.js";
import { applyConflict } from "./apply-conflict.js";
import { checkItemNames } from "./check-item-names.js";
import { compare } from "./compare.js";
import { difference, emptySet, intersection, isEmpty, union } from "./field-set.js";
import { fieldSetOf, withSchemaChanges } from "./field-set-of.js";
import { jsonEqual } from "./json-equal.js";
import { fieldsOfLastApplied, withLastApplied } from "./last-applied.js";
import { decodeManagers, encodeManagers, type Manager, type Managers, managerId, ownable, withoutFields } from "./managers.js";
import { pruneUnapplied } from "./prune-unapplied.js";
import { comparedIn, type StatesInVersion } from "./track-update.js";
import { typedMerge } from "./typed-merge.js";

export interface ServerSideApply {
  /** Undefined: the object is created. */
  readonly live: ApiObject | undefined;
  readonly applied: ApiObject;
  /** The request's `fieldManager`. */
  readonly manager: string;
  /** Takes fields from their owners instead of a conflict. */
  readonly force: boolean;
  /** The definition's. */
  readonly schema: StructuralSchema;
  readonly apiVersion: string;
  /** Only this part of the configuration counts; "" for the object itself. */
  readonly subresource: string;
  /** The object itself then has no say in `status`. */
  readonly hasStatus?: boolean | undefined;
  /** The object before and after, in versions in which others own fields under other names, by apiVersion. */
  readonly inOtherVersions?: ReadonlyMap<string, StatesInVersion>;
  readonly now: Date;
}

/**
 * The live object with a configuration applied (https://kubernetes.io/docs/reference/using-api/server-side-apply/). Throws Conflict
 * when another manager owns a field with another value and `force` is false. An apply that changes nothing gives back an equal object.
 */
export function serverSideApply(request: ServerSideApply): { readonly object: ApiObject } {
  const managedFields = managedFieldsOf(request.applied);
  if (Array.isArray(managedFields) && managedFields.length > 0) throw badRequest("metadata.managedFields must be nil");
  const schema = wholeObjectSchema(request.schema);
  const live = withoutManagedFields(request.live);
  const applied = configurationOf(request, schema);
  checkItemNames(schema, applied);
  const managers = managersOf(request, schema, live);
  const context = { request, schema, live, applied, managers };
  const merged = mergeAndPrune(context);
  const changed = compare(schema, live, merged);
  const self = managerId(identityOf(request));
  const changesFor = changesByVersion(request, changed);
  requireNoConflict(context, changesFor, self);
  const owners = withoutChanged(managers, changesFor, self);
  const object = request.manager === "kubectl" ? withLastApplied(merged, withoutManagedFields(request.applied)) : merged;
  return { object: withManagedFields(object, encodeManagers(withSelf(context, owners, jsonEqual(live, merged)))) };
}

interface Context {
  readonly request: ServerSideApply;
  readonly schema: StructuralSchema;
  readonly live: JsonObject;
  readonly applied: JsonObject;
  readonly managers: Managers;
}

const identityOf = ({ manager, apiVersion, subresource }: ServerSideApply): Omit<Manager, "time" | "fields"> => ({
  manager: manager === "" ? "unknown" : manager,
  operation: "Apply",
  apiVersion,
  subresource,
});

/** What the configuration says about the part that is applied. Throws BadRequest for fields that the schema does not know, as nobody can own them. */
function configurationOf({ applied, subresource, hasStatus }: ServerSideApply, schema: StructuralSchema): JsonObject {
  const { value, unknown } = prune(schema, withoutManagedFields(applied));
  if (unknown.length > 0) throw undeclared(applied, unknown);
  if (!isJsonObject(value)) throw badRequest("an applied configuration is an object");
  if (subresource === "" && hasStatus !== true) return value;
  // Other subresources are views: what they say stands anywhere in the object.
  const isView = subresource !== "" && subresource !== "status";
  const counts = (key: string): boolean =>
    isView || (subresource === "" ? key !== "status" : ["apiVersion", "kind", "metadata", "status"].includes(key));
  const kept = Object.fromEntries(Object.entries(value).filter(([key]) => counts(key)));
  if (subresource === "" || !isJsonObject(kept["metadata"])) return kept;
  const identity = Object.entries(kept["metadata"]).filter(([key]) => key === "name" || key === "namespace");
  return { ...kept, metadata: Object.fromEntries(identity) };
}

function undeclared({ apiVersion, kind, metadata: { namespace = "", name } }: ApiObject, paths: readonly string[]): ApiError {
  const texts = paths.map((path) => `.${path}: field not declared in schema`);
  const list = texts.length === 1 ? texts.join("") : ["errors:", ...texts.map((text) => `  ${text}`)].join("\n");
  const groupVersion = apiVersion.includes("/") ? apiVersion : `/${apiVersion}`;
  return badRequest(`failed to create typed patch object (${namespace}/${name}; ${groupVersion}, Kind=${kind}): ${list}`);
}

/** Owners of the live object. One that was never tracked belongs to `before-first-apply`. */
function managersOf({ live, apiVersion, subresource, hasStatus, now }: ServerSideApply, schema: StructuralSchema, plain: JsonObject): Managers {
  const known = new Map<string, Manager>();
  for (const [id, manager] of decodeManagers(managedFieldsOf(live)) ?? []) {
    known.set(id, { ...manager, fields: withSchemaChanges(schema, manager.fields) });
  }
  if (known.size > 0 || live === undefined) return known;
  const { status, ...desired } = plain;
  const isOwnable = status !== undefined && (hasStatus !== true || subresource !== "");
  // As if it had been made just now.
  const { modified, added } = compare(schema, {}, isOwnable ? plain : desired);
  const fields = ownable(union(modified, added));
  const before: Manager = { manager: "before-first-apply", operation: "Update", apiVersion, subresource: "", time: rfc3339(now), fields };
  return isEmpty(fields) ? known : new Map([[managerId(before), before]]);
}

/** The merged object without what this manager applied before, does not apply now, and nobody else owns. */
function mergeAndPrune({ request, schema, live, applied, managers }: Context): JsonObject {
  const merged = typedMerge(schema, live, applied) ?? {};
  const self = managerId(identityOf(request));
  const now = fieldSetOf(schema, applied);
  const others = [...managers].filter(([id]) => id !== self).reduce((set, [, { fields }]) => union(set, fields), emptySet);
  const pruned = pruneUnapplied({ schema, merged, last: managers.get(self)?.fields ?? emptySet, owned: union(others, now) });
  return keepServerFields(live, pruned);
}

const serverFields = ["uid", "creationTimestamp", "generation", "resourceVersion", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"];

/** Bookkeeping of the server is not the configuration's: kubectl sends `creationTimestamp: null`. */
function keepServerFields(live: JsonObject, merged: JsonValue): JsonObject {
  const next = isJsonObject(merged) ? merged : {};
  const old = live["metadata"];
  const metadata = isJsonObject(next["metadata"]) ? next["metadata"] : {};
  const kept = isJsonObject(old) ? Object.entries(old).filter(([key]) => serverFields.includes(key)) : [];
  const own = Object.entries(metadata).filter(([key]) => !serverFields.includes(key));
  return { ...next, metadata: Object.fromEntries([...own, ...kept]) };
}

type Changes = ReturnType<typeof compare>;

/** What an owner of fields would call the changes: fields may have other names in the version that it wrote in. */
function changesByVersion({ inOtherVersions = new Map<string, StatesInVersion>() }: ServerSideApply, own: Changes): (owner: Manager) => Changes {
  const others = new Map([...inOtherVersions].map(([apiVersion, states]) => [apiVersion, comparedIn(states)]));
  return ({ apiVersion }) => others.get(apiVersion) ?? own;
}

/** Each other manager without the fields that changed: they have changed hands, or are gone. */
function withoutChanged(managers: Managers, changesFor: (owner: Manager) => Changes, self: string): Managers {
  const kept = [...managers].flatMap(([id, manager]) => {
    if (id === self) return [[id, manager] as const];
    const { modified, added, removed } = changesFor(manager);
    return [...withoutFields(new Map([[id, manager]]), union(union(modified, added), removed))];
  });
  return new Map(kept);
}

/** Throws Conflict when fields would be taken from their owners, and that was not forced. */
function requireNoConflict({ request, schema, live, managers }: Context, changesFor: (owner: Manager) => Changes, self: string): void {
  if (request.force) return;
  const conflicts = [...managers].flatMap(([id, owner]) => {
    const { modified, added } = changesFor(owner);
    const fields = id === self ? emptySet : intersection(owner.fields, union(modified, added));
    return isEmpty(fields) ? [] : [{ owner, fields }];
  });
  if (conflicts.length === 0) return;
  const allowed = request.manager === "kubectl" ? fieldsOfLastApplied(schema, live, request.apiVersion) : emptySet;
  const left = conflicts.map(({ owner, fields }) => ({ owner, fields: difference(fields, allowed) })).filter(({ fields }) => !isEmpty(fields));
  if (left.length > 0) throw applyConflict(left);
}

/** The owners with this manager's entry; its time is that of the last apply of its that changed the object: one that only shares fields has none. */
function withSelf({ request, schema, applied, managers }: Context, owners: Managers, unchanged: boolean): Managers {
  const identity = identityOf(request);
  const fields = ownable(fieldSetOf(schema, applied));
  const time = unchanged ? managers.get(managerId(identity))?.time : rfc3339(request.now);
  return new Map([...owners, [managerId(identity), { ...identity, time, fields }]]);
}
