import { isJsonObject, type JsonValue, type ManagedFieldsEntry } from "@dataplane/meta";
import { decodeFields, difference, encodeFields, type FieldSet, isEmpty, setOf, union } from "./field-set.js";

/** One owner of fields. Its identity is all but `time` and `fields`; an applier keeps its identity over versions. */
export interface Manager {
  readonly manager: string;
  readonly operation: "Apply" | "Update";
  readonly apiVersion: string;
  readonly subresource: string;
  readonly time: string | undefined;
  readonly fields: FieldSet;
}

/** By {@link managerId}. */
export type Managers = ReadonlyMap<string, Manager>;

export function managerId({ manager, operation, apiVersion, subresource }: Omit<Manager, "time" | "fields">): string {
  return JSON.stringify([manager, operation, operation === "Apply" ? "" : apiVersion, subresource]);
}

/** Reads `metadata.managedFields`; undefined when an entry is not one. */
export function decodeManagers(entries: JsonValue | undefined): Managers | undefined {
  const managers = new Map<string, Manager>();
  for (const entry of Array.isArray(entries) ? (entries as readonly JsonValue[]) : []) {
    const manager = decodeManager(entry);
    if (manager === undefined) return undefined;
    managers.set(managerId(manager), manager);
  }
  return managers;
}

function decodeManager(entry: JsonValue): Manager | undefined {
  if (!isJsonObject(entry)) return undefined;
  const text = (key: string): string => (typeof entry[key] === "string" ? entry[key] : "");
  const operation = entry["operation"];
  const fields = decodeFields(entry["fieldsV1"]);
  if ((operation !== "Apply" && operation !== "Update") || fields === undefined || text("fieldsType") !== "FieldsV1") return undefined;
  return {
    manager: text("manager"),
    operation,
    apiVersion: text("apiVersion"),
    subresource: text("subresource"),
    time: text("time") || undefined,
    fields,
  };
}

/** `metadata.managedFields`: appliers first, then by time, as the API server sorts them. */
export function encodeManagers(managers: Managers): readonly ManagedFieldsEntry[] {
  return [...managers.values()]
    .filter(({ fields }) => !isEmpty(fields))
    .toSorted((a, b) => compareText(sortKey(a), sortKey(b)))
    .map(({ manager, operation, apiVersion, subresource, time, fields }) => ({
      manager,
      operation,
      apiVersion,
      ...(time === undefined ? {} : { time }),
      fieldsType: "FieldsV1",
      fieldsV1: encodeFields(fields),
      ...(subresource === "" ? {} : { subresource }),
    }));
}

const sortKey = ({ manager, operation, apiVersion, subresource, time }: Manager): string =>
  [operation, time ?? "", manager, apiVersion, subresource].join("\0");

const compareText = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

/** The managers without the fields in `lost`, but the one that is `except`; those left with nothing are gone. */
export function withoutFields(managers: Managers, lost: FieldSet, except?: string): Managers {
  const kept = new Map<string, Manager>();
  for (const [id, manager] of managers) {
    const next = id === except ? manager : { ...manager, fields: difference(manager.fields, lost) };
    if (!isEmpty(next.fields)) kept.set(id, next);
  }
  return kept;
}

const serverOwned = ["name", "namespace", "creationTimestamp", "selfLink", "uid", "clusterName", "generation", "managedFields", "resourceVersion"];

const neverOwned: FieldSet = setOf([["f:apiVersion"], ["f:kind"], ["f:metadata"], ...serverOwned.map((name) => ["f:metadata", `f:${name}`])]);

/** The set without what no manager may own: identity and the server's own bookkeeping. */
export const ownable = (fields: FieldSet): FieldSet => difference(fields, neverOwned);

const maxUpdaters = 10;

/** Merges the oldest updaters into `ancient-changes` when there are more than ten, so that the list stays short. */
export function capUpdaters(managers: Managers): Managers {
  const updaters = [...managers].filter(([, { operation }]) => operation === "Update");
  const surplus = updaters.length - maxUpdaters;
  if (surplus <= 0) return managers;
  const capped = new Map(managers);
  const oldest = updaters.toSorted(([idA, a], [idB, b]) => compareText(`${a.time ?? ""}${idA}`, `${b.time ?? ""}${idB}`)).slice(0, surplus + 1);
  for (const [id, old] of oldest) {
    capped.delete(id);
    const bucket: Manager = { ...old, manager: "ancient-changes", subresource: "" };
    const known = capped.get(managerId(bucket));
    capped.set(managerId(bucket), known === undefined ? bucket : { ...bucket, fields: union(known.fields, bucket.fields) });
  }
  return capped;
}
