import { type GroupVersion, isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";

/** What schemas of one document may refer to. */
export interface SchemaScope {
  /** Whose document it is. */
  readonly of: GroupVersion;
  readonly components: ReadonlySet<string>;
}

const types: ReadonlySet<JsonValue> = new Set(["string", "number", "integer", "boolean", "array", "object"]);
const gvk = "x-kubernetes-group-version-kind";
const referencePattern = /^#\/(?:components\/schemas|definitions)\/([\w.-]+)$/;
const reference = "#/components/schemas/";

type Check = (value: JsonValue, scope: SchemaScope) => JsonValue | undefined;

const only =
  (isSound: (value: JsonValue) => boolean): Check =>
  (value) =>
    isSound(value) ? value : undefined;

// Of a JSON value; Array.isArray would make its items any.
const isEach = (list: readonly JsonValue[], isSound: (value: JsonValue) => boolean): boolean => list.every(isSound);

const text = only((value) => typeof value === "string");
const flag = only((value) => typeof value === "boolean");
const number = only((value) => typeof value === "number");
const count = only((value) => Number.isSafeInteger(value) && Number(value) >= 0);
const texts = only((value) => Array.isArray(value) && value.every((it) => typeof it === "string"));
/** kubectl reads these as YAML, and refuses the whole document over one that is none: long keys, characters that YAML does not allow. */
const plainValue = only((value) => /^[ -~]{0,1000}$/.test(JSON.stringify(value)));

const schema: Check = (value, scope) => (isJsonObject(value) ? soundSchema(value, scope) : undefined);
const schemas: Check = (value, scope) => (Array.isArray(value) ? value.filter(isJsonObject).map((it) => soundSchema(it, scope)) : undefined);
const schemaMap: Check = (value, scope) =>
  isJsonObject(value)
    ? Object.fromEntries(Object.entries(value).flatMap(([name, it]) => (isJsonObject(it) ? [[name, soundSchema(it, scope)]] : [])))
    : undefined;

const keywords: ReadonlyMap<string, Check> = new Map<string, Check>([
  ["type", only((value) => types.has(value))],
  ...["title", "description", "format", "pattern"].map((key) => [key, text] as const),
  ...["nullable", "uniqueItems", "exclusiveMinimum", "exclusiveMaximum", "readOnly", "writeOnly", "deprecated"].map((key) => [key, flag] as const),
  ...["minimum", "maximum", "multipleOf"].map((key) => [key, number] as const),
  ...["minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"].map((key) => [key, count] as const),
  ["required", texts],
  ["enum", (value, scope) => (Array.isArray(value) && isEach(value, (it) => plainValue(it, scope) !== undefined) ? value : undefined)],
  ["default", plainValue],
  ["example", plainValue],
  ["items", schema],
  ["not", schema],
  ["properties", schemaMap],
  ["additionalProperties", (value, scope) => flag(value, scope) ?? schema(value, scope)],
  ...["allOf", "anyOf", "oneOf"].map((key) => [key, schemas] as const),
]);

/**
 * A schema of somebody else's document as all readers of ours take it: keywords of wrong types, unknown ones and references to nothing are
 * left out. kubectl refuses a whole document, with everybody's kinds, over one of them.
 */
export function soundSchema(source: JsonObject, scope: SchemaScope): JsonObject {
  const target = referredTo(source["$ref"], scope);
  if (target !== undefined) return { $ref: `${reference}${target}`, ...kept(source, scope, (key) => key === "description") };
  const sound = kept(source, scope, (key) => keywords.has(key));
  // One reference that is described: it may have no other keywords where it becomes the reference itself, as in v2.
  if (isReference(sound["allOf"]))
    return Object.fromEntries(Object.entries(sound).filter(([key]) => besideReference.has(key) || key.startsWith("x-")));
  return sound["type"] === "array" && sound["items"] === undefined ? { ...sound, items: {} } : sound;
}

function isReference(allOf: JsonValue | undefined): boolean {
  if (!Array.isArray(allOf) || allOf.length !== 1) return false;
  const single: unknown = allOf[0];
  return isJsonObject(single) && single["$ref"] !== undefined;
}

const besideReference: ReadonlySet<string> = new Set(["allOf", "description", "default", "nullable"]);

function referredTo(value: JsonValue | undefined, { components }: SchemaScope): string | undefined {
  const name = typeof value === "string" ? referencePattern.exec(value)?.[1] : undefined;
  return name !== undefined && components.has(name) ? name : undefined;
}

function kept(source: JsonObject, scope: SchemaScope, isWanted: (key: string) => boolean): JsonObject {
  return Object.fromEntries(
    Object.entries(source).flatMap(([key, value]) => {
      if (key.startsWith("x-")) return extension(key, value, scope);
      const sound = isWanted(key) ? keywords.get(key)?.(value, scope) : undefined;
      return sound === undefined ? [] : [[key, sound] as const];
    }),
  );
}

/** Kinds of other groups are not this document's to describe: clients look for them by this extension in all that is served. */
function extension(key: string, value: JsonValue, { of }: SchemaScope): readonly (readonly [string, JsonValue])[] {
  if (key !== gvk) return [[key, value]];
  const own = [value]
    .flat()
    .filter((it) => isJsonObject(it) && it["group"] === of.group && it["version"] === of.version && typeof it["kind"] === "string");
  return own.length === 0 ? [] : [[key, own]];
}
