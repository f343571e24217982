import { isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";
import { jsonEqual } from "../patch/json-equal.js";

/** One operation of a JSON patch (RFC 6902). */
export type PatchOperation =
  | { readonly op: "add" | "replace"; readonly path: string; readonly value: JsonValue }
  | { readonly op: "remove"; readonly path: string };

/** A patch that makes `after` of `before`: none when they are the same JSON. Items that a list has at both ends stay untouched. */
export function jsonDiff(before: JsonValue, after: JsonValue): readonly PatchOperation[] {
  return [...diff(before, after, "")];
}

function* diff(before: JsonValue, after: JsonValue, path: string): Iterable<PatchOperation> {
  if (isJsonObject(before) && isJsonObject(after)) yield* diffObjects(before, after, path);
  else if (isList(before) && isList(after)) yield* diffLists(before, after, path);
  else if (!jsonEqual(before, after)) yield { op: "replace", path, value: after };
}

function* diffObjects(before: JsonObject, after: JsonObject, path: string): Iterable<PatchOperation> {
  for (const key of Object.keys(before)) {
    if (!Object.hasOwn(after, key)) yield { op: "remove", path: `${path}/${token(key)}` };
  }
  for (const [key, value] of Object.entries(after)) {
    const at = `${path}/${token(key)}`;
    const old = Object.hasOwn(before, key) ? before[key] : undefined;
    if (old === undefined) yield { op: "add", path: at, value };
    else yield* diff(old, value, at);
  }
}

/** What is equal at the start and at the end is kept; between, item by item, and what one list has more is removed or added. */
function* diffLists(before: readonly JsonValue[], after: readonly JsonValue[], path: string): Iterable<PatchOperation> {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && jsonEqual(before[start], after[start])) start += 1;
  let end = 0;
  while (end < shorter - start && jsonEqual(before.at(-1 - end), after.at(-1 - end))) end += 1;
  const paired = shorter - start - end;
  for (let index = start; index < start + paired; index++) yield* diff(before[index] ?? null, after[index] ?? null, `${path}/${index}`);
  // From the last one: each removal moves what follows.
  for (let index = before.length - end - 1; index >= start + paired; index--) yield { op: "remove", path: `${path}/${index}` };
  for (let index = start + paired; index < after.length - end; index++) yield { op: "add", path: `${path}/${index}`, value: after[index] ?? null };
}

/** A key as a token of a JSON pointer (RFC 6901). */
const token = (key: string): string => key.replaceAll("~", "~0").replaceAll("/", "~1");

const isList = (value: JsonValue): value is readonly JsonValue[] => Array.isArray(value);
