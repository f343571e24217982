import type { JsonValue } from "@dataplane/meta";
import type { StructuralSchema } from "./structural-schema.js";

/** Whether a field must be sent, may be absent, or is filled in by its default. */
export type Presence = "required" | "optional" | "defaulted";

/** A StructuralSchema that knows the TypeScript type of its values. Immutable: each method gives a new one. */
export class Schema<out T, out P extends Presence = "required"> {
  readonly json: StructuralSchema;
  readonly presence: P;
  /** Type level only; never set. */
  declare readonly value?: T;

  constructor(json: StructuralSchema, presence: P) {
    this.json = json;
    this.presence = presence;
  }

  /** The field may be absent. */
  optional(): Schema<T, "optional"> {
    return new Schema(this.json, "optional");
  }

  /** An absent field gets this value on every write and read. */
  default(value: T & JsonValue): Schema<T, "defaulted"> {
    return new Schema({ ...this.json, default: value }, "defaulted");
  }

  nullable(): Schema<T | null, P> {
    return new Schema({ ...this.json, nullable: true }, this.presence);
  }

  /** Shown by `kubectl explain`. */
  describe(description: string): Schema<T, P> {
    return this.with({ description });
  }

  /** Published once under this name, which `kubectl explain` shows as the type. For kinds of the server's own groups. */
  component(name: string): Schema<T, P> {
    return this.with({ "x-dataplane-component": name });
  }

  /** Published as fields that must be sent, where what is missing is told by the definition's `validate`. */
  publishedAsRequired(...fields: readonly string[]): Schema<T, P> {
    return this.with({ "x-dataplane-required": fields });
  }

  example(example: JsonValue): Schema<T, P> {
    return this.with({ example });
  }

  /** Least length of a string, number of items, or number. */
  min(least: number): Schema<T, P> {
    return this.with(boundOf(this.json, least, { string: "minLength", array: "minItems", number: "minimum" }));
  }

  /** Greatest length of a string, number of items, or number. */
  max(greatest: number): Schema<T, P> {
    return this.with(boundOf(this.json, greatest, { string: "maxLength", array: "maxItems", number: "maximum" }));
  }

  /** A regular expression that is searched for in the text, as JSON Schema has it: anchor it with ^ and $. */
  pattern(this: Schema<string, P>, expression: RegExp): Schema<T, P> {
    return new Schema<T, P>({ ...this.json, pattern: expression.source }, this.presence);
  }

  format(this: Schema<string, P>, format: string): Schema<T, P> {
    return new Schema<T, P>({ ...this.json, format }, this.presence);
  }

  /** Items are merged one by one, told apart by these fields; each combination occurs once. */
  listMap(this: Schema<readonly object[], P>, ...keys: readonly string[]): Schema<T, P> {
    const json = { ...this.json, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": keys } as const;
    return new Schema<T, P>(json, this.presence);
  }

  /** Items are told apart by their value; each occurs once. */
  set(this: Schema<readonly (string | number | boolean)[], P>): Schema<T, P> {
    return new Schema<T, P>({ ...this.json, "x-kubernetes-list-type": "set" }, this.presence);
  }

  /** Server-side apply owns and replaces the list or map as a whole. */
  atomic(this: Schema<readonly unknown[] | object, P>): Schema<T, P> {
    const atomic = this.json.type === "array" ? { "x-kubernetes-list-type": "atomic" as const } : { "x-kubernetes-map-type": "atomic" as const };
    return new Schema<T, P>({ ...this.json, ...atomic }, this.presence);
  }

  /** Any other keyword. */
  with(keywords: Partial<StructuralSchema>): Schema<T, P> {
    return new Schema({ ...this.json, ...keywords }, this.presence);
  }
}

/** The TypeScript type of a schema's values. */
export type Infer<S> = S extends Schema<infer T, Presence> ? T : never;

type Keyword = "minLength" | "maxLength" | "minItems" | "maxItems" | "minimum" | "maximum";

function boundOf(
  { type }: StructuralSchema,
  bound: number,
  keywords: Readonly<Record<"string" | "array" | "number", Keyword>>,
): Partial<StructuralSchema> {
  if (type === "string" || type === "array") return { [keywords[type]]: bound };
  if (type === "integer" || type === "number") return { [keywords.number]: bound };
  throw new Error(`a bound means nothing for type ${type ?? "any"}`);
}
