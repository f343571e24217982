import { badRequest, type JsonObject, type JsonValue } from "@dataplane/meta";

/** How one field of a protobuf message becomes JSON. */
export type FieldShape = "string" | "int" | "bool" | "time" | "microTime" | "rawJson" | "stringMap" | MessageShape;

/** Fields by number: their JSON name, shape, and whether they repeat. */
export type MessageShape = ReadonlyMap<number, { readonly name: string; readonly shape: FieldShape; readonly repeated?: boolean }>;

const decoder = new TextDecoder("utf-8", { fatal: true });
const maxDepth = 20;

/**
 * Reads a protobuf message into the JSON that Kubernetes gives for it: empty texts, zero numbers and unset times are left out, as Go's
 * encoder writes fields that JSON omits. Unknown fields are skipped. Throws BadRequest.
 */
export function decodeMessage(bytes: Uint8Array, shape: MessageShape, depth = 0): JsonObject {
  if (depth > maxDepth) throw malformed();
  const reader = new WireReader(bytes);
  const fields = new Map<string, JsonValue>();
  for (let tag = reader.tag(); tag !== undefined; tag = reader.tag()) {
    const field = shape.get(tag.number);
    const raw = reader.value(tag.wireType);
    if (field === undefined) continue;
    const value = valueOf(raw, field.shape, depth);
    if (value === undefined) continue;
    fields.set(field.name, merged(fields.get(field.name), value, field.repeated === true, field.shape === "stringMap"));
  }
  return Object.fromEntries(fields);
}

function merged(before: JsonValue | undefined, value: JsonValue, isRepeated: boolean, isMap: boolean): JsonValue {
  if (isRepeated) return [...(Array.isArray(before) ? (before as readonly JsonValue[]) : []), value];
  return isMap ? { ...(before as JsonObject | undefined), ...(value as JsonObject) } : value;
}

type Raw = bigint | Uint8Array;

function valueOf(raw: Raw, shape: FieldShape, depth: number): JsonValue | undefined {
  if (shape === "int" || shape === "bool") {
    if (typeof raw !== "bigint") throw malformed();
    if (shape === "bool") return raw !== 0n;
    return raw === 0n ? undefined : Number(BigInt.asIntN(64, raw));
  }
  if (typeof raw === "bigint") throw malformed();
  if (shape === "string") return textOf(raw);
  if (shape === "time" || shape === "microTime") return timeOf(raw, shape === "microTime", depth);
  if (shape === "stringMap") return entryOf(raw, depth);
  return shape === "rawJson" ? rawJsonOf(raw, depth) : decodeMessage(raw, shape, depth + 1);
}

function textOf(raw: Uint8Array): string | undefined {
  try {
    return raw.byteLength === 0 ? undefined : decoder.decode(raw);
  } catch (cause) {
    throw badRequest("the protobuf body holds text that is not UTF-8", { cause });
  }
}

const timeShape: MessageShape = new Map([
  [1, { name: "seconds", shape: "int" }],
  [2, { name: "nanos", shape: "int" }],
]);

function timeOf(raw: Uint8Array, isMicro: boolean, depth: number): string | undefined {
  const { seconds, nanos = 0 } = decodeMessage(raw, timeShape, depth + 1);
  if (typeof seconds !== "number" || typeof nanos !== "number" || Math.abs(seconds) > 253_402_300_799) return undefined;
  const whole = new Date(seconds * 1000).toISOString().slice(0, 19);
  return isMicro ? `${whole}.${String(Math.floor(nanos / 1000)).padStart(6, "0")}Z` : `${whole}Z`;
}

const entryShape: MessageShape = new Map([
  [1, { name: "key", shape: "string" }],
  [2, { name: "value", shape: "string" }],
]);

function entryOf(raw: Uint8Array, depth: number): JsonObject {
  const { key = "", value = "" } = decodeMessage(raw, entryShape, depth + 1);
  return typeof key === "string" ? Object.fromEntries([[key, value]]) : {};
}

const rawJsonShape: MessageShape = new Map([[1, { name: "raw", shape: "string" }]]);

function rawJsonOf(raw: Uint8Array, depth: number): JsonValue | undefined {
  const { raw: text } = decodeMessage(raw, rawJsonShape, depth + 1);
  if (typeof text !== "string") return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return value as JsonValue;
  } catch (cause) {
    throw badRequest("the protobuf body holds JSON that is malformed", { cause });
  }
}

class WireReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Undefined at the end. */
  tag(): { readonly number: number; readonly wireType: number } | undefined {
    if (this.#at >= this.#bytes.byteLength) return undefined;
    const tag = this.#varint();
    return { number: Number(tag >> 3n), wireType: Number(tag & 7n) };
  }

  value(wireType: number): Raw {
    if (wireType === 0) return this.#varint();
    if (wireType === 1) return this.#take(8);
    if (wireType === 2) return this.#take(Number(this.#varint()));
    if (wireType === 5) return this.#take(4);
    throw malformed();
  }

  #varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw malformed();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw malformed();
  }

  #take(length: number): Uint8Array {
    const end = this.#at + length;
    if (end > this.#bytes.byteLength) throw malformed();
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }
}

const malformed = (): Error => badRequest("the body is not valid protobuf");
