import { isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";

/** `${param.name}` inside a text. Grafana's own `$__interval` and `${variable}` are the plugin's, and left alone. */
const placeholder = /\$\{param\.([A-Za-z_]\w{0,62})\}/g;
const wholeKey = "$param";

/** One place in the queries where a parameter goes. */
export interface Use {
  readonly name: string;
  /** True for `{"$param": "name"}`, which becomes the value; false for a placeholder inside a text. */
  readonly whole: boolean;
  /** Such as `[0].expr`. */
  readonly field: string;
  /** Where a placeholder stands. */
  readonly inside?: { readonly text: string; readonly index: number };
}

/** Every place where a parameter goes; keys are never looked into. */
export function usesOf(value: JsonValue, field = ""): readonly Use[] {
  const name = wholeName(value);
  if (name !== undefined) return [{ name, whole: true, field }];
  if (typeof value === "string") return placeholderUses(value, field);
  if (isList(value)) return value.flatMap((item, index) => usesOf(item, `${field}[${index}]`));
  if (isJsonObject(value)) return Object.entries(value).flatMap(([key, item]) => usesOf(item, field === "" ? key : `${field}.${key}`));
  return [];
}

const placeholderUses = (text: string, field: string): readonly Use[] =>
  [...text.matchAll(placeholder)].map(({ 1: name = "", index }) => ({ name, whole: false, field, inside: { text, index } }));

export interface Values {
  /** In place of `{"$param": "name"}`. */
  readonly whole: (name: string) => JsonValue;
  /** In place of a placeholder, escaped for where it stands. */
  readonly text: (name: string) => string;
}

/** The same JSON with values in the places of parameters: only leaves differ, whatever the values are. */
export function substituted(value: JsonValue, values: Values): JsonValue {
  const name = wholeName(value);
  if (name !== undefined) return values.whole(name);
  // A function: in a text, "$&" and the like would mean something.
  if (typeof value === "string") return value.replace(placeholder, (_all, found: string) => values.text(found));
  if (isList(value)) return value.map((item) => substituted(item, values));
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, substituted(item, values)])) satisfies JsonObject;
}

function wholeName(value: JsonValue): string | undefined {
  if (!isJsonObject(value)) return undefined;
  const [only, ...more] = Object.entries(value);
  return only?.[0] === wholeKey && more.length === 0 && typeof only[1] === "string" ? only[1] : undefined;
}

const isList = (value: JsonValue): value is readonly JsonValue[] => Array.isArray(value);
