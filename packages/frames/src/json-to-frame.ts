import { FIELD_KINDS } from "./field-kinds.js";
import type { Field, FieldType, FieldValue, Frame } from "./frame.js";
import { FrameError } from "./frame-error.js";
import { elementsOf, membersOf } from "./json-slices.js";
import { scanJsonFrame } from "./scan-json-frame.js";

type JsonObject = Readonly<Record<string, unknown>>;

/** A model takes many times the memory of its text. */
export const MAX_JSON_TO_CONVERT = 64 << 20;

const NANOS_PER_MILLI = 1_000_000n;
const NOT_FINITE = [
  ["NaN", Number.NaN],
  ["Inf", Number.POSITIVE_INFINITY],
  ["NegInf", Number.NEGATIVE_INFINITY],
] as const;

const isObject = (value: unknown): value is JsonObject => typeof value === "object" && value !== null && !Array.isArray(value);
const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value);
const listOf = (value: unknown): readonly unknown[] => (isList(value) ? value : []);
const objectOf = (value: unknown): JsonObject | undefined => (isObject(value) ? value : undefined);
const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

function fail(name: string, row: number): never {
  throw new FrameError(`frame JSON: the value of row ${row} of field ${JSON.stringify(name)} is not of its type`);
}

/** What of a field its schema says; where Go's type is missing, JavaScript's name decides. */
function typeOf(schema: JsonObject, name: string): { readonly type: FieldType; readonly nullable: boolean } {
  const info = objectOf(schema["typeInfo"]) ?? {};
  const kinds = Object.values(FIELD_KINDS);
  const known = kinds.find(({ frame }) => frame === info["frame"]);
  if (known !== undefined) return { type: known.type, nullable: info["nullable"] === true };
  const simple = schema["type"];
  if (simple === "number") return { type: "float64", nullable: true };
  const guessed = kinds.find((kind) => kind.simple === simple);
  if (guessed === undefined) throw new FrameError(`frame JSON: field ${JSON.stringify(name)} has no type that frames have`);
  return { type: guessed.type, nullable: true };
}

/** `value` is what JSON.parse makes of it, never null. */
type Read = (value: unknown, row: number) => FieldValue;

/** Numbers that are exact as they are, and the text of others: in JSON, or in the string that some write. */
function readBigInteger(name: string): Read {
  return (value, row) => {
    if (typeof value === "number" && Number.isSafeInteger(value)) return BigInt(value);
    const digits = typeof value === "string" && value.startsWith('"') ? value.slice(1, -1) : value;
    return typeof digits === "string" && /^-?\d{1,20}$/.test(digits) ? BigInt(digits) : fail(name, row);
  };
}

function readTime(name: string, nanos: readonly unknown[]): Read {
  return (millis, row) => {
    const rest = nanos[row] ?? 0;
    // JSON has numbers that are infinite once they are read, such as 1e999.
    if (typeof millis !== "number" || !Number.isFinite(millis) || typeof rest !== "number" || !Number.isSafeInteger(rest)) return fail(name, row);
    // A part of a millisecond is an older way to tell microseconds.
    const whole = Math.floor(millis);
    return BigInt(whole) * NANOS_PER_MILLI + BigInt(rest === 0 ? Math.round((millis - whole) * 1e6) : rest);
  };
}

const readNumber =
  (name: string): Read =>
  (value, row) =>
    typeof value === "number" ? value : fail(name, row);

const readText =
  (name: string): Read =>
  (value, row) =>
    typeof value === "string" ? value : fail(name, row);

const readBoolean =
  (name: string): Read =>
  (value, row) =>
    typeof value === "boolean" ? value : fail(name, row);

function readerOf(name: string, type: FieldType, nanos: readonly unknown[]): Read {
  switch (type) {
    case "int64":
    case "uint64":
      return readBigInteger(name);
    case "time":
      return readTime(name, nanos);
    case "json":
    case "string":
      return readText(name);
    case "bool":
      return readBoolean(name);
    case "float32":
    case "float64":
    case "int8":
    case "int16":
    case "int32":
    case "uint8":
    case "uint16":
    case "uint32":
    case "enum":
      return readNumber(name);
  }
}

/** A column's values for its reader: JSON.parse is much faster than looking at each, but rounds large integers. */
function parseColumn(column: string, type: FieldType, nullable: boolean): readonly unknown[] {
  if (type === "json") return elementsOf(column).map((text) => (text === "null" && nullable ? null : text));
  const values = listOf(JSON.parse(column));
  if (type !== "int64" && type !== "uint64") return values;
  const isExact = values.every((value) => typeof value !== "number" || Number.isSafeInteger(value));
  return isExact ? values : elementsOf(column).map((text) => (text === "null" ? null : text));
}

function addNotFinite(values: FieldValue[], entities: unknown): void {
  if (!isObject(entities)) return;
  for (const [key, value] of NOT_FINITE) {
    for (const row of listOf(entities[key])) if (typeof row === "number" && row in values) values[row] = value;
  }
}

function readField(schema: unknown, column: string, beside: { readonly entities: unknown; readonly nanos: unknown }): Field {
  if (!isObject(schema)) throw new FrameError("frame JSON: a field's schema is no object");
  const name = textOf(schema["name"]);
  const { type, nullable } = typeOf(schema, name);
  const read = readerOf(name, type, listOf(beside.nanos));
  const values = parseColumn(column, type, nullable).map((value, row): FieldValue => (value === null ? null : read(value, row)));
  if (type === "float32" || type === "float64") addNotFinite(values, beside.entities);
  const labels = objectOf(schema["labels"]);
  const config = objectOf(schema["config"]);
  return {
    name,
    type,
    // Some write null where they say that there is none.
    nullable: nullable || values.includes(null),
    values,
    ...(labels === undefined ? {} : { labels: Object.fromEntries(Object.entries(labels).map(([key, value]) => [key, textOf(value)])) }),
    ...(config === undefined ? {} : { config }),
  };
}

/**
 * Reads a frame in Grafana's frame JSON, integers exact, with its NaN, infinities and nanoseconds. Throws FrameError if it is
 * malformed, has values that are not of their field's type, or is larger than 64 MiB.
 */
export function jsonToFrame(json: Uint8Array): Frame {
  if (json.length > MAX_JSON_TO_CONVERT) {
    throw new FrameError(`frame JSON of ${json.length} bytes is too large to convert: the most is ${MAX_JSON_TO_CONVERT}`);
  }
  scanJsonFrame(json);
  const frame = membersOf(Buffer.from(json.buffer, json.byteOffset, json.byteLength).toString("utf8"));
  const schema: unknown = JSON.parse(frame.get("schema") ?? "null");
  if (!isObject(schema)) throw new FrameError("frame JSON: there is no schema");
  const data = membersOf(frame.get("data") ?? "");
  const columns = elementsOf(data.get("values") ?? "");
  const [entities, nanos] = ["entities", "nanos"].map((key) => listOf(JSON.parse(data.get(key) ?? "null")));
  const fields = listOf(schema["fields"]).map((field, index) =>
    readField(field, columns[index] ?? "[]", { entities: entities?.[index], nanos: nanos?.[index] }),
  );
  const meta = objectOf(schema["meta"]);
  return { name: textOf(schema["name"]), refId: textOf(schema["refId"]), fields, ...(meta === undefined ? {} : { meta }) };
}
