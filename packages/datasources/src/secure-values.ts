import { randomBytes } from "node:crypto";
import { type ApiObject, invalid, isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";
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

/** What a secret is bound to: its namespace, its data source and its key. */
export const bindingOf = ({ metadata }: ApiObject, key: string): string => `${metadata.namespace ?? ""}/${metadata.name}/${key}`;

/**
 * Takes each `secure.<key>.create` out of the object and seals it. A key keeps its value when its reference `{name}` comes back or when
 * it is absent; `{remove: true}` removes it. The reference changes with the value, so that a change shows.
 */
export function takeSecureValues(write: SecureWrite): SecureResult {
  const asked = recordOf(write.object["secure"]);
  const before = recordOf(write.old?.["secure"]);
  const secure: Record<string, JsonValue> = {};
  const sealed: Record<string, string> = {};
  for (const key of [...new Set([...Object.keys(before), ...Object.keys(asked)])].sort()) {
    const next = nextValue(write, key, { asked: asked[key], before: before[key] });
    if (next === undefined) continue;
    secure[key] = { name: next.name };
    sealed[key] = next.sealed;
  }
  const { secure: _secure, ...rest } = write.object;
  const object = redactLastApplied({ ...rest, ...(Object.keys(secure).length === 0 ? {} : { secure }) });
  return { object, sealed };
}

function nextValue(
  { object, oldSealed, absentStays, sealer }: SecureWrite,
  key: string,
  { asked, before }: { readonly asked: JsonValue | undefined; readonly before: JsonValue | undefined },
): { readonly name: string; readonly sealed: string } | undefined {
  const kept =
    isJsonObject(before) && typeof before["name"] === "string" && oldSealed[key] !== undefined
      ? { name: before["name"], sealed: oldSealed[key] }
      : undefined;
  if (asked === undefined) return absentStays ? kept : undefined;
  const value = recordOf(asked);
  if (value["remove"] === true) return undefined;
  const { create } = value;
  if (typeof create === "string") {
    const binding = bindingOf(object, key);
    // The same text again is no change: an unchanged manifest may be applied twice.
    if (kept !== undefined && sealer.open(kept.sealed, binding) === create) return kept;
    return { name: `${key.toLowerCase().replace(/[^a-z0-9]/g, "")}-${randomBytes(6).toString("hex")}`, sealed: sealer.seal(create, binding) };
  }
  if (kept !== undefined && (value["name"] === kept.name || value["name"] === undefined)) return kept;
  const field = `secure.${key}`;
  throw invalid(object.kind, "", object.metadata.name, [
    { reason: "FieldValueInvalid", field, message: "Invalid value: expected {create: <value>}, {remove: true}, or the {name} that the server gave" },
  ]);
}

/** Opens all values, for the plugin that owns them and nobody else. */
export const openSecureValues = (object: ApiObject, sealed: SealedValues, sealer: Sealer): Record<string, string> =>
  Object.fromEntries(Object.entries(sealed).map(([key, value]) => [key, sealer.open(value, bindingOf(object, key))]));

const lastApplied = "kubectl.kubernetes.io/last-applied-configuration";

/** kubectl keeps the manifest that was applied in an annotation, secrets and all: they are taken out there too, their keys stay. */
function redactLastApplied(object: ApiObject): ApiObject {
  const text = object.metadata.annotations?.[lastApplied];
  if (text === undefined) return object;
  const annotations = { ...object.metadata.annotations, [lastApplied]: redacted(text) };
  return { ...object, metadata: { ...object.metadata, annotations } };
}

function redacted(text: string): string {
  const manifest = parsed(text);
  // Not JSON, so not kubectl's; what it holds is unknown, and it is not kept.
  if (!isJsonObject(manifest)) return "{}\n";
  const entries = Object.entries(recordOf(manifest["secure"])).map(([key, value]): [string, JsonValue] => [
    key,
    isJsonObject(value) && "create" in value ? { ...value, create: "[redacted]" } : value,
  ]);
  return "secure" in manifest ? `${JSON.stringify({ ...manifest, secure: Object.fromEntries(entries) })}\n` : text;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const recordOf = (value: unknown): JsonObject => (isJsonObject(value) ? value : {});
