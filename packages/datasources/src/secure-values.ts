import { randomBytes } from "node:crypto";
import { type ApiObject, type Cause, invalid, isJsonObject, type JsonObject, type JsonValue, unavailable } from "@dataplane/meta";
import { redactLastApplied } from "./last-applied.js";
import type { Sealer } from "./sealer.js";

/** Sealed values by key, as they lie beside the object in the store. */
export type SealedValues = Readonly<Record<string, string>>;

export interface SecureWrite {
  readonly object: ApiObject;
  readonly old: ApiObject | undefined;
  readonly oldSealed: SealedValues;
  /** True for a replacement (PUT) or an apply: what it does not mention stays. After a patch what is absent was taken away. */
  readonly absentStays: boolean;
  readonly sealer: Sealer;
}

export interface SecureResult {
  /** With `secure: {key: {name}}` alone. */
  readonly object: ApiObject;
  readonly sealed: SealedValues;
}

/** What a secret is bound to: its namespace, its data source or app, and its key. A data source and an app may have one name. */
export const bindingOf = ({ kind, metadata }: ApiObject, key: string): string =>
  `${kind === "AppSettings" ? "app:" : ""}${metadata.namespace ?? ""}/${metadata.name}/${key}`;

/**
 * Takes each `secure.<key>.create` out of the object and seals it. A key keeps its value when its reference `{name}` comes back or when
 * it is absent; `{remove: true}` removes it. The reference changes with the value, so that a change shows. Throws Invalid, never with a
 * value in it.
 */
export function takeSecureValues(write: SecureWrite): SecureResult {
  const { secure: sent, ...rest } = write.object;
  const asked = askedBy(write.object);
  const before = isJsonObject(write.old?.["secure"]) ? write.old["secure"] : {};
  const keys = [...new Set([...Object.keys(before), ...Object.keys(asked)])].sort();
  const values = keys.flatMap((key) => {
    const value = nextValue(write, key, { asked: own(asked, key), before: own(before, key) });
    return value === undefined ? [] : [{ key, ...value }];
  });
  const secure = Object.fromEntries(values.map(({ key, name }): [string, JsonObject] => [key, { name }]));
  const object = redactLastApplied({ ...rest, ...(values.length === 0 ? {} : { secure }) });
  return { object, sealed: Object.fromEntries(values.map(({ key, sealed }) => [key, sealed])) };
}

function askedBy(object: ApiObject): JsonObject {
  const { secure } = object;
  if (secure === undefined || secure === null) return {};
  if (isJsonObject(secure)) return secure;
  throw refused(object, "secure", "expected a mapping of keys");
}

const own = (record: JsonObject, key: string): JsonValue | undefined => (Object.hasOwn(record, key) ? record[key] : undefined);

interface SecureValue {
  readonly name: string;
  readonly sealed: string;
}

function nextValue(
  { object, oldSealed, absentStays, sealer }: SecureWrite,
  key: string,
  { asked, before }: { readonly asked: JsonValue | undefined; readonly before: JsonValue | undefined },
): SecureValue | undefined {
  const kept = keptValue(before, own(oldSealed, key));
  if (asked === undefined) return absentStays ? kept : undefined;
  const { create, name, remove } = isJsonObject(asked) ? asked : {};
  if (remove === true) return undefined;
  if (typeof create === "string") {
    const binding = bindingOf(object, key);
    // The same text again is no change: an unchanged manifest may be applied twice.
    if (kept !== undefined && opened(sealer, kept.sealed, binding) === create) return kept;
    return { name: newReference(key), sealed: sealer.seal(create, binding) };
  }
  if (kept !== undefined && create === undefined && name === kept.name) return kept;
  throw refused(object, `secure.${key}`, "expected {create: <text>}, {remove: true}, or the {name} that the server gave");
}

const keptValue = (before: JsonValue | undefined, sealed: JsonValue | undefined): SecureValue | undefined =>
  isJsonObject(before) && typeof before["name"] === "string" && typeof sealed === "string" ? { name: before["name"], sealed } : undefined;

const newReference = (key: string): string => `${key.toLowerCase().replace(/[^a-z0-9]/g, "")}-${randomBytes(6).toString("hex")}`;

/** Undefined for one that does not open any more: then it can at least be replaced. */
function opened(sealer: Sealer, sealed: string, binding: string): string | undefined {
  try {
    return sealer.open(sealed, binding);
  } catch {
    return undefined;
  }
}

function refused({ kind, apiVersion, metadata }: ApiObject, field: string, why: string): Error {
  const cause: Cause = { reason: "FieldValueInvalid", field, message: `Invalid value: ${why}` };
  const [group = ""] = apiVersion.split("/");
  return invalid(kind, group, metadata.name, [cause]);
}

/** Opens all values, for the plugin that owns them and nobody else. Throws ServiceUnavailable naming the key that does not open. */
export const openSecureValues = (object: ApiObject, sealed: SealedValues, sealer: Sealer): Record<string, string> =>
  Object.fromEntries(
    Object.entries(sealed).map(([key, value]) => {
      const plain = opened(sealer, value, bindingOf(object, key));
      if (plain !== undefined) return [key, plain];
      const what = object.kind === "AppSettings" ? "app" : "data source";
      throw unavailable(
        `secure.${key} of the ${what} ${JSON.stringify(object.metadata.name)} does not open under this server's key: write it again`,
        60,
      );
    }),
  );
