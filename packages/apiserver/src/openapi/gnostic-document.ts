import { isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";
import protobuf from "protobufjs/minimal.js";

// Field numbers of openapi.v2 (https://github.com/google/gnostic-models/blob/main/openapiv2/OpenAPIv2.proto).
// Parameters and responses of operations are left out: clients read definitions, consumes and extensions.

type Writer = protobuf.Writer;
type Write = (writer: Writer) => void;

/** A Swagger 2.0 document as gnostic's protobuf `Document`, which client-go and `kubectl diff` ask for. */
export function encodeGnosticDocument(swagger: JsonObject): Uint8Array {
  const writer = protobuf.Writer.create();
  text(writer, 1, swagger["swagger"]);
  nested(writer, 2, (info) => {
    text(info, 1, at(swagger, "info")["title"]);
    text(info, 2, at(swagger, "info")["version"]);
  });
  nested(writer, 8, (paths) => named(paths, 2, at(swagger, "paths"), writePathItem));
  nested(writer, 9, (definitions) => named(definitions, 1, at(swagger, "definitions"), writeSchema));
  return writer.finish();
}

const asObject = (value: JsonValue | undefined): JsonObject => (isJsonObject(value) ? value : {});
const at = (value: JsonObject, key: string): JsonObject => asObject(value[key]);

function nested(writer: Writer, field: number, write: Write): void {
  const inner = writer.uint32((field << 3) | 2).fork();
  write(inner);
  inner.ldelim();
}

function text(writer: Writer, field: number, value: JsonValue | undefined): void {
  if (typeof value === "string" && value !== "") writer.uint32((field << 3) | 2).string(value);
}

function texts(writer: Writer, field: number, values: JsonValue | undefined): void {
  for (const value of Array.isArray(values) ? (values as readonly JsonValue[]) : []) text(writer, field, value);
}

function flag(writer: Writer, field: number, value: JsonValue | undefined): void {
  if (value === true) writer.uint32(field << 3).bool(true);
}

function whole(writer: Writer, field: number, value: JsonValue | undefined): void {
  if (typeof value === "number") writer.uint32(field << 3).int64(value);
}

function double(writer: Writer, field: number, value: JsonValue | undefined): void {
  if (typeof value === "number") writer.uint32((field << 3) | 1).double(value);
}

/** Entries of a map as repeated `{ name = 1, value = 2 }`. */
function named(writer: Writer, field: number, map: JsonObject, write: (value: JsonObject, writer: Writer) => void): void {
  for (const [name, value] of Object.entries(map)) {
    nested(writer, field, (entry) => {
      text(entry, 1, name);
      nested(entry, 2, (inner) => write(asObject(value), inner));
    });
  }
}

/** `Any`: the value as YAML, and JSON is YAML. */
function any(writer: Writer, field: number, value: JsonValue | undefined): void {
  if (value !== undefined) nested(writer, field, (inner) => text(inner, 2, `${JSON.stringify(value)}\n`));
}

function extensions(writer: Writer, field: number, of: JsonObject): void {
  for (const [name, value] of Object.entries(of)) {
    if (!name.startsWith("x-")) continue;
    nested(writer, field, (entry) => {
      text(entry, 1, name);
      any(entry, 2, value);
    });
  }
}

const methodFields = { get: 2, put: 3, post: 4, delete: 5, options: 6, head: 7, patch: 8 } as const;

function writePathItem(item: JsonObject, writer: Writer): void {
  for (const [method, field] of Object.entries(methodFields)) {
    const operation = item[method];
    if (isJsonObject(operation)) nested(writer, field, (inner) => writeOperation(operation, inner));
  }
}

function writeOperation(operation: JsonObject, writer: Writer): void {
  texts(writer, 1, operation["tags"]);
  text(writer, 3, operation["description"]);
  text(writer, 5, operation["operationId"]);
  texts(writer, 6, operation["produces"]);
  texts(writer, 7, operation["consumes"]);
  texts(writer, 10, operation["schemes"]);
  extensions(writer, 13, operation);
}

function writeSchema(schema: JsonObject, writer: Writer): void {
  text(writer, 1, schema["$ref"]);
  text(writer, 2, schema["format"]);
  text(writer, 4, schema["description"]);
  any(writer, 5, schema["default"]);
  double(writer, 7, schema["maximum"]);
  double(writer, 9, schema["minimum"]);
  whole(writer, 11, schema["maxLength"]);
  whole(writer, 12, schema["minLength"]);
  text(writer, 13, schema["pattern"]);
  whole(writer, 14, schema["maxItems"]);
  whole(writer, 15, schema["minItems"]);
  flag(writer, 16, schema["uniqueItems"]);
  texts(writer, 19, schema["required"]);
  for (const value of Array.isArray(schema["enum"]) ? (schema["enum"] as readonly JsonValue[]) : []) any(writer, 20, value);
  writeParts(schema, writer);
  any(writer, 30, schema["example"]);
  extensions(writer, 31, schema);
}

function writeParts(schema: JsonObject, writer: Writer): void {
  const [additionalProperties, type, items, allOf, properties] = ["additionalProperties", "type", "items", "allOf", "properties"].map(
    (key) => schema[key],
  );
  const inner =
    (value: JsonObject, field: number): Write =>
    (holder) =>
      nested(holder, field, (it) => writeSchema(value, it));
  if (isJsonObject(additionalProperties)) nested(writer, 21, inner(additionalProperties, 1));
  else if (additionalProperties === true) nested(writer, 21, (it) => flag(it, 2, true));
  if (type !== undefined) nested(writer, 22, (it) => text(it, 1, type));
  if (isJsonObject(items)) nested(writer, 23, inner(items, 1));
  for (const part of Array.isArray(allOf) ? (allOf as readonly JsonValue[]) : []) inner(asObject(part), 24)(writer);
  if (isJsonObject(properties)) nested(writer, 25, (it) => named(it, 1, properties, writeSchema));
}
