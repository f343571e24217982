import { isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";

/** The name of a reference in the document; undefined for one that leads nowhere. */
export type RefOf = (ref: string) => string | undefined;

/** What of a keyword's value stays; undefined when nothing does. */
type Sound = (value: JsonValue, refOf: RefOf) => JsonValue | undefined;

const types: ReadonlySet<JsonValue> = new Set(["object", "array", "string", "integer", "number", "boolean"]);
const ofType =
  (type: "string" | "number" | "boolean"): Sound =>
  (value) =>
    typeof value === type ? value : undefined;
const whole: Sound = (value) => value;
const each = (names: readonly string[], sound: Sound): readonly (readonly [string, Sound])[] => names.map((name) => [name, sound]);

const keywords: ReadonlyMap<string, Sound> = new Map<string, Sound>([
  ["type", (value) => (types.has(value) ? value : undefined)],
  ["properties", (value, refOf) => mapped(value, (field) => soundSchema(field, refOf))],
  ["items", (value, refOf) => (isJsonObject(value) ? soundSchema(value, refOf) : undefined)],
  ["additionalProperties", (value, refOf) => (typeof value === "boolean" ? value : soundSchema(value, refOf))],
  ["required", (value) => nonEmpty(listOf(value).filter((it) => typeof it === "string"))],
  ["enum", (value) => nonEmpty(listOf(value))],
  ...each(["allOf", "anyOf", "oneOf"], (value, refOf) => nonEmpty(listOf(value).map((it) => soundSchema(it, refOf)))),
  ...each(["title", "description", "format", "pattern"], ofType("string")),
  ...each(["nullable", "readOnly", "writeOnly", "deprecated", "uniqueItems", "exclusiveMinimum", "exclusiveMaximum"], ofType("boolean")),
  ...each(["minimum", "maximum", "multipleOf", "minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"], ofType("number")),
  ...each(["default", "example"], whole),
]);

const nonEmpty = (list: readonly JsonValue[]): JsonValue | undefined => (list.length === 0 ? undefined : list);

/**
 * A schema of OpenAPI 3.0 that says what `value` does, as far as that is one. One document describes all groups to clients such as
 * kubectl, which give up on it for a single schema of another form: so what a manifest got wrong is left out, and so
 * are extensions, by which a schema could pose as that of another kind.
 */
export function soundSchema(value: JsonValue | undefined, refOf: RefOf): JsonObject {
  if (!isJsonObject(value)) return {};
  if (typeof value["$ref"] === "string") {
    const $ref = refOf(value["$ref"]);
    return $ref === undefined ? {} : { $ref };
  }
  const fields = Object.entries(value).flatMap(([key, field]): [string, JsonValue][] => {
    const sound = keywords.get(key)?.(field, refOf);
    return sound === undefined ? [] : [[key, sound]];
  });
  const schema: JsonObject = Object.fromEntries(fields);
  // An array without items is none to client-go.
  return schema["type"] === "array" && schema["items"] === undefined ? { ...schema, items: {} } : schema;
}

/** Each value of a mapping; empty for anything else. */
export const mapped = (value: JsonValue | undefined, sound: (field: JsonValue) => JsonValue): JsonObject =>
  Object.fromEntries(Object.entries(isJsonObject(value) ? value : {}).map(([name, field]) => [name, sound(field)]));

/** The list; an empty one for anything else. */
export const listOf = (value: JsonValue | undefined): readonly JsonValue[] => (Array.isArray(value) ? (value as readonly JsonValue[]) : []);
