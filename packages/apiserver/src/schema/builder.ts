import type { Condition, JsonObject } from "@dataplane/meta";
import { conditionsSchema } from "./conditions-schema.js";
import { type Infer, type Presence, Schema } from "./schema.js";
import type { StructuralSchema } from "./structural-schema.js";

type AnySchema = Schema<unknown, Presence>;
export type Fields = Readonly<Record<string, AnySchema>>;

type OptionalKeys<F extends Fields> = { [K in keyof F]: F[K]["presence"] extends "optional" ? K : never }[keyof F];
type Flat<T> = { readonly [K in keyof T]: T[K] };

/** The object type of named schemas: optional ones become optional properties. */
export type InferFields<F extends Fields> = Flat<
  { [K in Exclude<keyof F, OptionalKeys<F>>]: Infer<F[K]> } & { [K in OptionalKeys<F>]?: Infer<F[K]> }
>;

/** Builds schemas whose TypeScript type is inferred: `s.object({ name: s.string().min(1), size: s.integer().optional() })`. */
export const s = {
  string: (): Schema<string> => required({ type: "string" }),
  integer: (): Schema<number> => required({ type: "integer", format: "int64" }),
  number: (): Schema<number> => required({ type: "number", format: "double" }),
  boolean: (): Schema<boolean> => required({ type: "boolean" }),
  enum: <const V extends readonly string[]>(values: V): Schema<V[number]> => required({ type: "string", enum: values }),
  /** Without {@link Schema.listMap} or {@link Schema.set} a list is atomic. */
  array: <T, P extends Presence>(items: Schema<T, P>): Schema<readonly T[]> => required({ type: "array", items: items.json }),
  /** Free keys, one type of value. */
  map: <T, P extends Presence>(value: Schema<T, P>): Schema<Readonly<Record<string, T>>> =>
    required({ type: "object", additionalProperties: value.json }),
  object: <F extends Fields>(fields: F): Schema<InferFields<F>> => required(objectOf(fields)),
  /** Any JSON object; nothing in it is pruned. */
  anyObject: (): Schema<JsonObject> => required({ type: "object", "x-kubernetes-preserve-unknown-fields": true }),
  intOrString: (): Schema<number | string> => required({ "x-kubernetes-int-or-string": true }),
  /** RFC 3339. */
  dateTime: (): Schema<string> => required({ type: "string", format: "date-time" }),
  /** `status.conditions`, merged by type. */
  conditions: (): Schema<readonly Condition[]> => required(conditionsSchema),
} as const;

/** `status.conditions`, merged by type; absent until the first one is written. */
export const conditions: Schema<readonly Condition[], "optional"> = s.conditions().optional();

function required<T>(json: StructuralSchema): Schema<T> {
  return new Schema<T>(json, "required");
}

function objectOf(fields: Fields): StructuralSchema {
  const entries = Object.entries(fields);
  const mandatory = entries.filter(([, { presence }]) => presence === "required").map(([name]) => name);
  return {
    type: "object",
    properties: Object.fromEntries(entries.map(([name, { json }]) => [name, json])),
    ...(mandatory.length === 0 ? {} : { required: mandatory }),
  };
}
