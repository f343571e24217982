import { type ApiObject, isJsonObject, type JsonObject, type JsonValue, rfc3339 } from "@dataplane/meta";
import { wholeObjectSchema } from "../schema/object-meta-schema.js";
import type { StructuralSchema } from "../schema/structural-schema.js";
import { managedFieldsOf, withManagedFields, withoutManagedFields } from "./api-object.js";
import { compare } from "./compare.js";
import { emptySet, type FieldSet, intersection, isEmpty, union } from "./field-set.js";
import { capUpdaters, decodeManagers, encodeManagers, type Manager, type Managers, managerId, ownable, withoutFields } from "./managers.js";

export interface TrackUpdate {
  /** Undefined: the object is created. */
  readonly live: ApiObject | undefined;
  readonly next: ApiObject;
  /** The request's `fieldManager`, or the first word of its User-Agent. */
  readonly manager: string;
  /** The definition's. */
  readonly schema: StructuralSchema;
  readonly apiVersion: string;
  /** "" for the object itself. */
  readonly subresource: string;
  /** `status` is then no writer's of the object itself: what is in it is the server's. */
  readonly hasStatus?: boolean;
  /** A top-level field that is the server's too. */
  readonly untracked?: string | undefined;
  /** What an object has before it is made. */
  readonly zero?: JsonObject | undefined;
  readonly now: Date;
  /** The two states in versions that other managers wrote in, by apiVersion; of a kind with a converter, where fields have other names there. */
  readonly inOtherVersions?: ReadonlyMap<string, StatesInVersion>;
}

export interface StatesInVersion {
  /** The definition's of that version. */
  readonly schema: StructuralSchema;
  readonly live: ApiObject;
  readonly next: ApiObject;
}

/**
 * `next` with managedFields that say who changed what, for every write that is no apply. An object without managedFields
 * stays so until its first apply; a client resets them by sending `[]` or `[{}]`.
 */
export function trackUpdate(request: TrackUpdate): ApiObject {
  const { live, next } = request;
  const managers = managersOf(request);
  const plain = withoutManagedFields(next);
  if (managers.size === 0 && live !== undefined) return withManagedFields(plain, []);
  const before = ownPart(request, live === undefined ? (request.zero ?? {}) : withoutManagedFields(live));
  const { modified, added, removed } = compare(wholeObjectSchema(request.schema), before, ownPart(request, plain));
  const changed = union(modified, added);
  if (request.subresource === "scale" && !isOwned(managers, union(changed, removed))) return withManagedFields(plain, encodeManagers(managers));
  const others = withoutLost(managers, union(changed, removed), request.inOtherVersions);
  return withManagedFields(plain, encodeManagers(withUpdater(request, others, ownable(changed))));
}

/** A scale knows of managers only through the number that they own: without one, it is a view that nobody tracks. */
const isOwned = (managers: Managers, fields: FieldSet): boolean => [...managers.values()].some((it) => !isEmpty(intersection(it.fields, fields)));

function ownPart({ hasStatus, subresource, untracked }: TrackUpdate, object: JsonObject): JsonObject {
  if (subresource !== "") return object;
  return Object.fromEntries(Object.entries(object).filter(([key]) => key !== untracked && !(hasStatus === true && key === "status")));
}

/** Each manager without the fields that changed, under the names that they have in its version. */
function withoutLost(managers: Managers, lost: FieldSet, inOtherVersions: TrackUpdate["inOtherVersions"] = new Map()): Managers {
  const lostIn = new Map([...inOtherVersions].map(([apiVersion, states]) => [apiVersion, changedFields(states)]));
  return new Map([...managers].flatMap(([id, manager]) => [...withoutFields(new Map([[id, manager]]), lostIn.get(manager.apiVersion) ?? lost)]));
}

function changedFields(states: StatesInVersion): FieldSet {
  const { modified, added, removed } = comparedIn(states);
  return union(union(modified, added), removed);
}

/** What is different between the two states, under the names of that version. */
export const comparedIn = ({ schema, live, next }: StatesInVersion): ReturnType<typeof compare> =>
  compare(wholeObjectSchema(schema), withoutManagedFields(live), withoutManagedFields(next));

function withUpdater({ manager, apiVersion, subresource, now }: TrackUpdate, others: Managers, changed: Manager["fields"]): Managers {
  if (isEmpty(changed)) return others;
  const identity = { manager: manager === "" ? "unknown" : manager, operation: "Update", apiVersion, subresource } as const;
  const id = managerId(identity);
  const before = others.get(id);
  const fields = union(before?.fields ?? emptySet, changed);
  // A scale has no times to give back to the object.
  const time = subresource === "scale" ? before?.time : rfc3339(now);
  return capUpdaters(new Map([...others, [id, { ...identity, time, fields }]]));
}

/** What the client sent counts, so that it may edit managedFields; what it left out or broke is the live object's. */
function managersOf({ live, next, subresource }: TrackUpdate): Managers {
  const stored = decodeManagers(managedFieldsOf(live)) ?? new Map<string, Manager>();
  const sent = managedFieldsOf(next);
  if (subresource !== "" || sent === undefined) return stored;
  if (isReset(sent)) return new Map();
  const decoded = decodeManagers(sent);
  return decoded === undefined || decoded.size === 0 ? stored : decoded;
}

function isReset(sent: JsonValue): boolean {
  if (!Array.isArray(sent)) return false;
  const [only] = sent as readonly JsonValue[];
  return sent.length === 0 || (sent.length === 1 && isJsonObject(only) && Object.keys(only).length === 0);
}
