import { badRequest, type JsonObject, type JsonValue } from "@dataplane/meta";
import { plainText } from "../plain-text.js";
import { type ApiField, type ApiMessage, apiMessage } from "./api-message.js";
import { malformed, type Raw, WireReader } from "./wire.js";

// A byte order mark is a character like any other here.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
/** Schemas of CRDs nest deepest. */
const maxDepth = 100;

/**
 * Reads a protobuf message into the JSON that Kubernetes gives for it: zero values that JSON omits are left out, which Go's encoder
 * writes all the same. Unknown fields are skipped. Throws BadRequest.
 */
export function decodeMessage(bytes: Uint8Array, name: string, depth = 0): JsonObject {
  if (depth > maxDepth) throw badRequest("the protobuf body is nested too deeply");
  const fields = numbered(name);
  const found = new Map<string, JsonValue>();
  const reader = new WireReader(bytes);
  for (let tag = reader.tag(); tag !== undefined; tag = reader.tag()) {
    const field = fields.get(tag.number);
    const raw = reader.value(tag.wireType);
    if (field !== undefined) add(found, field, raw, depth);
  }
  return Object.fromEntries(found);
}

type NamedField = ApiField & { readonly name: string };

const byNumber = new WeakMap<ApiMessage, ReadonlyMap<number, NamedField>>();

function numbered(name: string): ReadonlyMap<number, NamedField> {
  const message = apiMessage(name);
  const known = byNumber.get(message);
  if (known !== undefined) return known;
  const fields = new Map(Object.entries(message).map(([key, field]) => [field.number, { ...field, name: key }]));
  byNumber.set(message, fields);
  return fields;
}

function add(found: Map<string, JsonValue>, field: NamedField, raw: Raw, depth: number): void {
  if (field.map === true) {
    const before = found.get(field.name);
    found.set(field.name, { ...(before as JsonObject | undefined), ...entryOf(raw, field, depth) });
    return;
  }
  const value = valueOf(raw, field.type, depth);
  if (field.repeated === true) {
    const before = found.get(field.name);
    found.set(field.name, [...(Array.isArray(before) ? (before as readonly JsonValue[]) : []), value ?? zeroOf(field.type)]);
  } else if (field.inline === true) {
    for (const [key, inner] of Object.entries((value ?? {}) as JsonObject)) found.set(key, inner);
  } else if (value !== undefined && (field.zero === true || !isZero(value))) {
    found.set(field.name, value);
  }
}

/** Messages are kept: an empty one is written by those who mean it, such as `emptyDir: {}`. */
const isZero = (value: JsonValue): boolean => value === "" || value === 0 || value === false;

const zeroOf = (type: string): JsonValue => (type === "int" || type === "double" ? 0 : type === "bool" ? false : "");

function valueOf(raw: Raw, type: string, depth: number): JsonValue | undefined {
  if (type === "int" || type === "bool") {
    if (typeof raw !== "bigint") throw malformed();
    return type === "bool" ? raw !== 0n : Number(BigInt.asIntN(64, raw));
  }
  if (typeof raw === "bigint") throw malformed();
  if (type === "string") return textOf(raw);
  if (type === "bytes") return Buffer.from(raw).toString("base64");
  if (type === "double") {
    if (raw.byteLength !== 8) throw malformed();
    return new DataView(raw.buffer, raw.byteOffset).getFloat64(0, true);
  }
  const special = specialForms.get(type);
  const message = decodeMessage(raw, type, depth + 1);
  return special === undefined ? message : special(message, raw);
}

function textOf(raw: Uint8Array): string {
  try {
    return decoder.decode(raw);
  } catch (cause) {
    throw badRequest("the protobuf body holds text that is not UTF-8", { cause });
  }
}

/** One entry of a map: a message of key 1 and value 2. */
function entryOf(raw: Raw, { type }: ApiField, depth: number): JsonObject {
  if (typeof raw === "bigint") throw malformed();
  const reader = new WireReader(raw);
  let key = "";
  let value: JsonValue | undefined;
  for (let tag = reader.tag(); tag !== undefined; tag = reader.tag()) {
    const part = reader.value(tag.wireType);
    if (tag.number === 1) key = plainText(valueOf(part, "string", depth));
    else if (tag.number === 2) value = valueOf(part, type, depth + 1);
  }
  // Not an assignment: "__proto__" is a key like any other.
  return Object.fromEntries([[key, value ?? (type.includes(".") ? {} : zeroOf(type))]]);
}

type Special = (message: JsonObject, raw: Uint8Array) => JsonValue | undefined;

/** Messages that are something else in JSON. */
const specialForms: ReadonlyMap<string, Special> = new Map<string, Special>([
  ["meta.v1.Time", (message) => timeOf(message, false)],
  ["meta.v1.MicroTime", (message) => timeOf(message, true)],
  ["meta.v1.FieldsV1", (message) => jsonOf(message["Raw"])],
  ["runtime.RawExtension", (message) => jsonOf(message["-"])],
  ["apiextensions.v1.JSON", (message) => jsonOf(message["-"])],
  ["resource.Quantity", ({ string }) => string ?? "0"],
  ["intstr.IntOrString", ({ type, intVal, strVal }) => (type === 1 ? (strVal ?? "") : (intVal ?? 0))],
  ["authentication.v1.ExtraValue", ({ items }) => items ?? []],
  ["authorization.v1.ExtraValue", ({ items }) => items ?? []],
  ["apiextensions.v1.JSONSchemaPropsOrBool", ({ schema, allows }) => schema ?? allows === true],
  ["apiextensions.v1.JSONSchemaPropsOrArray", ({ schema, jSONSchemas }) => schema ?? jSONSchemas],
  ["apiextensions.v1.JSONSchemaPropsOrStringArray", ({ schema, property }) => schema ?? property],
]);

const maxSeconds = 253_402_300_799;

function timeOf({ seconds = 0, nanos = 0 }: JsonObject, isMicro: boolean): string | undefined {
  if (typeof seconds !== "number" || typeof nanos !== "number" || Math.abs(seconds) > maxSeconds) return undefined;
  // An empty message, and Go's zero time in year 1, stand for no time.
  if ((seconds === 0 && nanos === 0) || seconds <= -62_135_596_800) return undefined;
  const whole = new Date(seconds * 1000).toISOString().slice(0, 19);
  return isMicro ? `${whole}.${String(Math.floor(nanos / 1000)).padStart(6, "0")}Z` : `${whole}Z`;
}

function jsonOf(base64: JsonValue | undefined): JsonValue | undefined {
  if (typeof base64 !== "string" || base64 === "") return undefined;
  try {
    return JSON.parse(textOf(Buffer.from(base64, "base64"))) as JsonValue;
  } catch (cause) {
    throw badRequest("the protobuf body holds JSON that is malformed", { cause });
  }
}
