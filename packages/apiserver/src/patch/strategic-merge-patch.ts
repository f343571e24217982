import { badRequest, isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";
import { maxDepth } from "../schema/field-path.js";
import { wholeObjectSchema } from "../schema/object-meta-schema.js";
import { fieldSchema } from "../schema/prune.js";
import type { StructuralSchema } from "../schema/structural-schema.js";
import { jsonEqual, ownField } from "./json-equal.js";
import { orderMerged } from "./set-element-order.js";
import { itemsOf } from "./typed-value.js";

/**
 * The object with a strategic merge patch applied
 * (https://github.com/kubernetes/community/blob/master/contributors/devel/sig-api-machinery/strategic-merge-patch.md).
 * `schema` is the definition's. Lists with a merge key (or set lists) merge, others are replaced.
 */
export function applyStrategicMergePatch(document: JsonObject, patch: JsonValue, schema: StructuralSchema): JsonObject {
  if (!isJsonObject(patch)) throw badRequest("a strategic merge patch is an object");
  return mergeObject(document, patch, wholeObjectSchema(schema), 0);
}

const unknownSchema: StructuralSchema = { "x-kubernetes-preserve-unknown-fields": true };

function mergeObject(target: JsonObject, patch: JsonObject, schema: StructuralSchema, depth: number): JsonObject {
  if (depth > maxDepth) throw badRequest(`the patch is nested deeper than ${maxDepth} levels`);
  const directive = ownField(patch, "$patch");
  if (directive === "replace") return stripDirectives(patch);
  if (directive === "delete") return {};
  if (directive !== undefined && directive !== "merge") throw badRequest(`unknown $patch directive ${JSON.stringify(directive)}`);
  const merged = new Map<string, JsonValue>(Object.entries(retainKeys(target, patch)));
  for (const [key, change] of Object.entries(patch)) {
    if (!key.startsWith("$")) mergeField(merged, key, change, { schema: fieldSchema(schema, key) ?? unknownSchema, patch, depth });
  }
  deleteFromPrimitiveLists(merged, patch);
  orderLists(merged, { target, patch, schema });
  return Object.fromEntries(merged);
}

interface FieldContext {
  readonly schema: StructuralSchema;
  readonly patch: JsonObject;
  readonly depth: number;
}

function mergeField(merged: Map<string, JsonValue>, key: string, change: JsonValue, { schema, depth }: FieldContext): void {
  const current = merged.get(key);
  if (change === null) merged.delete(key);
  else if (Array.isArray(change)) merged.set(key, mergeList(Array.isArray(current) ? current : [], change, schema, depth + 1));
  else if (isJsonObject(change)) {
    if (ownField(change, "$patch") === "delete") merged.delete(key);
    else merged.set(key, mergeObject(isJsonObject(current) ? current : {}, change, schema, depth + 1));
  } else merged.set(key, change);
}

/** `$retainKeys`: of the target only these keys stay. */
function retainKeys(target: JsonObject, patch: JsonObject): JsonObject {
  const keys = ownField(patch, "$retainKeys");
  if (keys === undefined) return target;
  if (!Array.isArray(keys)) throw badRequest("$retainKeys is a list of field names");
  const kept = new Set<JsonValue>(keys);
  return Object.fromEntries(Object.entries(target).filter(([key]) => kept.has(key)));
}

/** The field that tells the items of a list apart; "" for a list of primitive values that merges, undefined for one that is replaced. */
function mergeKeyOf(schema: StructuralSchema): string | undefined {
  const declared = schema["x-kubernetes-patch-merge-key"];
  if (declared !== undefined) return declared;
  const listType = schema["x-kubernetes-list-type"];
  if (listType === "map") return schema["x-kubernetes-list-map-keys"]?.[0];
  const merges = listType === "set" || schema["x-kubernetes-patch-strategy"]?.split(",").includes("merge") === true;
  return merges ? "" : undefined;
}

function mergeList(target: readonly JsonValue[], patch: readonly JsonValue[], schema: StructuralSchema, depth: number): readonly JsonValue[] {
  const replaces = patch.some((item) => isJsonObject(item) && ownField(item, "$patch") === "replace");
  const mergeKey = mergeKeyOf(schema);
  if (replaces) return patch.filter((item) => !isReplaceMarker(item)).map(strip);
  if (mergeKey === undefined) return patch.map(strip);
  if (mergeKey === "") return [...target, ...patch.filter((item) => !target.some((it) => jsonEqual(it, item)))];
  return patch.reduce<readonly JsonValue[]>(
    (list, item) => mergeItem(list, item, { schema: schema.items ?? unknownSchema, mergeKey, depth }),
    target,
  );
}

function isReplaceMarker(item: JsonValue): boolean {
  return isJsonObject(item) && ownField(item, "$patch") === "replace" && Object.keys(item).length === 1;
}

interface ItemContext {
  readonly schema: StructuralSchema;
  readonly mergeKey: string;
  readonly depth: number;
}

function mergeItem(list: readonly JsonValue[], item: JsonValue, { schema, mergeKey, depth }: ItemContext): readonly JsonValue[] {
  if (!isJsonObject(item)) throw badRequest(`an item of a list that merges by ${mergeKey} is no object`);
  const key = ownField(item, mergeKey);
  if (key === undefined) throw badRequest(`map: ${JSON.stringify(item).slice(0, 200)} does not contain declared merge key: ${mergeKey}`);
  const index = list.findIndex((it) => isJsonObject(it) && jsonEqual(ownField(it, mergeKey), key));
  if (ownField(item, "$patch") === "delete") return list.filter((it) => !(isJsonObject(it) && jsonEqual(ownField(it, mergeKey), key)));
  const current = index < 0 ? undefined : list[index];
  const next = mergeObject(isJsonObject(current) ? current : {}, item, schema, depth + 1);
  return index < 0 ? [...list, next] : list.with(index, next);
}

const deleteDirective = "$deleteFromPrimitiveList/";
const orderDirective = "$setElementOrder/";

function deleteFromPrimitiveLists(merged: Map<string, JsonValue>, patch: JsonObject): void {
  for (const [key, gone] of Object.entries(patch)) {
    if (!key.startsWith(deleteDirective)) continue;
    const field = key.slice(deleteDirective.length);
    const list = merged.get(field);
    if (Array.isArray(list))
      merged.set(
        field,
        itemsOf(list).filter((item) => !listOf(key, gone).some((it) => jsonEqual(it, item))),
      );
  }
}

/** Puts each merged list in the order of its `$setElementOrder`, or else of the patch's own list. */
function orderLists(
  merged: Map<string, JsonValue>,
  input: { readonly target: JsonObject; readonly patch: JsonObject; readonly schema: StructuralSchema },
): void {
  const { target, patch, schema } = input;
  for (const [field, list] of merged) {
    const sent = ownField(patch, orderDirective + field);
    const order = sent === undefined ? itemsOf(ownField(patch, field)) : listOf(orderDirective + field, sent);
    const mergeKey = mergeKeyOf(fieldSchema(schema, field) ?? unknownSchema);
    if (!Array.isArray(list) || mergeKey === undefined || order.length === 0) continue;
    merged.set(field, orderMerged({ merged: itemsOf(list), live: itemsOf(ownField(target, field)), order, mergeKey }));
  }
}

function listOf(directive: string, value: JsonValue): readonly JsonValue[] {
  if (!Array.isArray(value)) throw badRequest(`${directive} is a list`);
  return itemsOf(value);
}

function strip(value: JsonValue): JsonValue {
  return isJsonObject(value) ? stripDirectives(value) : value;
}

const stripDirectives = (value: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(value).flatMap(([key, field]) => (key === "$patch" || key === "$retainKeys" ? [] : [[key, field]])));
