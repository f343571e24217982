import { isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";
import { type ApiField, apiMessage } from "./api-message.js";
import { WireWriter } from "./wire.js";

/** The protobuf of a message, from its JSON; fields that the message does not have are left out. The reverse of decodeMessage. */
export function encodeMessage(object: JsonObject, name: string): Uint8Array {
  const writer = new WireWriter();
  for (const [key, field] of Object.entries(apiMessage(name))) {
    if (field.inline === true) {
      writer.bytes(field.number, encodeMessage(object, field.type));
      continue;
    }
    const value = Object.hasOwn(object, key) ? object[key] : undefined;
    if (value !== undefined && value !== null) encodeField(writer, field, value);
  }
  return writer.done();
}

function encodeField(writer: WireWriter, field: ApiField, value: JsonValue): void {
  if (field.map === true) {
    if (!isJsonObject(value)) return;
    for (const [key, member] of Object.entries(value)) {
      const entry = new WireWriter();
      entry.text(1, key);
      encodeValue(entry, 2, field.type, member);
      writer.bytes(field.number, entry.done());
    }
  } else if (field.repeated === true) {
    if (Array.isArray(value)) for (const item of value as readonly JsonValue[]) encodeValue(writer, field.number, field.type, item);
  } else {
    encodeValue(writer, field.number, field.type, value);
  }
}

function encodeValue(writer: WireWriter, number: number, type: string, value: JsonValue | undefined): void {
  if (type === "string") writer.text(number, textOf(value));
  else if (type === "int") writer.varint(number, BigInt(Math.trunc(Number(value))));
  else if (type === "bool") writer.varint(number, value === true ? 1n : 0n);
  else if (type === "double") writer.double(number, Number(value));
  else if (type === "bytes") writer.bytes(number, Buffer.from(textOf(value), "base64"));
  else writer.bytes(number, messageOf(type, value));
}

const textOf = (value: JsonValue | undefined): string => (typeof value === "string" ? value : value === undefined ? "" : JSON.stringify(value));

function messageOf(type: string, value: JsonValue | undefined): Uint8Array {
  const special = specialForms.get(type);
  if (special !== undefined) return special(value);
  return encodeMessage(isJsonObject(value) ? value : {}, type);
}

type Special = (value: JsonValue | undefined) => Uint8Array;

/** Messages that are something else in JSON. */
const specialForms: ReadonlyMap<string, Special> = new Map<string, Special>([
  ["meta.v1.Time", timeOf],
  ["meta.v1.MicroTime", timeOf],
  ["meta.v1.FieldsV1", jsonBytes],
  ["runtime.RawExtension", jsonBytes],
  ["apiextensions.v1.JSON", jsonBytes],
  ["resource.Quantity", (value) => written((writer) => writer.text(1, textOf(value)))],
  [
    "intstr.IntOrString",
    (value) =>
      written((writer) => {
        writer.varint(1, typeof value === "string" ? 1n : 0n);
        writer.varint(2, typeof value === "number" ? BigInt(Math.trunc(value)) : 0n);
        writer.text(3, typeof value === "string" ? value : "");
      }),
  ],
  ["authentication.v1.ExtraValue", itemsOf],
  ["authorization.v1.ExtraValue", itemsOf],
  [
    "apiextensions.v1.JSONSchemaPropsOrBool",
    (value) => either(isJsonObject(value) ? { schema: value, allows: true } : { allows: value === true }, "OrBool"),
  ],
  ["apiextensions.v1.JSONSchemaPropsOrArray", (value) => either(Array.isArray(value) ? { jSONSchemas: value } : { schema: value ?? {} }, "OrArray")],
  [
    "apiextensions.v1.JSONSchemaPropsOrStringArray",
    (value) => either(Array.isArray(value) ? { property: value } : { schema: value ?? {} }, "OrStringArray"),
  ],
]);

function written(write: (writer: WireWriter) => void): Uint8Array {
  const writer = new WireWriter();
  write(writer);
  return writer.done();
}

function jsonBytes(value: JsonValue | undefined): Uint8Array {
  return written((writer) => writer.text(1, JSON.stringify(value ?? null)));
}

const either = (value: JsonObject, suffix: string): Uint8Array => encodeMessage(value, `apiextensions.v1.JSONSchemaProps${suffix}`);

function itemsOf(value: JsonValue | undefined): Uint8Array {
  return written((writer) => {
    for (const item of Array.isArray(value) ? (value as readonly JsonValue[]) : []) writer.text(1, textOf(item));
  });
}

function timeOf(value: JsonValue | undefined): Uint8Array {
  const text = textOf(value);
  const milliseconds = Date.parse(text);
  if (Number.isNaN(milliseconds)) return new Uint8Array();
  const fraction = /\.(\d{1,9})/.exec(text)?.[1] ?? "";
  return written((writer) => {
    writer.varint(1, BigInt(Math.floor(milliseconds / 1000)));
    writer.varint(2, BigInt(fraction.padEnd(9, "0")));
  });
}
