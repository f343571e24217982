import { isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";
import { sameJson } from "./same-json.js";
import type { StructuralSchema } from "./structural-schema.js";

/**
 * A place of an object beside the same place of what it was: fields by name, items of map lists by their keys. Items of other lists
 * have no counterpart. What has not changed is not refused, though the schema may have become stricter (ratcheting).
 */
export class Correlation {
  readonly old: JsonValue;
  readonly #value: JsonValue;
  #isUnchanged: boolean | undefined;
  #oldItems: ReadonlyMap<string, JsonValue> | undefined;

  constructor(value: JsonValue, old: JsonValue) {
    this.#value = value;
    this.old = old;
  }

  /** Compared once, and only when somebody asks. */
  get isUnchanged(): boolean {
    this.#isUnchanged ??= sameJson(this.#value, this.old);
    return this.#isUnchanged;
  }

  field(name: string): Correlation | undefined {
    const { old } = this;
    const value = this.#value;
    if (!isJsonObject(old) || !isJsonObject(value) || !Object.hasOwn(old, name) || !Object.hasOwn(value, name)) return undefined;
    return new Correlation(value[name] ?? null, old[name] ?? null);
  }

  item(schema: StructuralSchema, item: JsonValue): Correlation | undefined {
    if (schema["x-kubernetes-list-type"] !== "map" || !isJsonObject(item)) return undefined;
    this.#oldItems ??= byKeys(schema, this.old);
    const old = this.#oldItems.get(keyText(schema, item));
    return old === undefined ? undefined : new Correlation(item, old);
  }
}

function byKeys(schema: StructuralSchema, old: JsonValue): ReadonlyMap<string, JsonValue> {
  const items = Array.isArray(old) ? (old as readonly JsonValue[]) : [];
  const found = new Map<string, JsonValue>();
  for (const item of items) {
    const key = isJsonObject(item) ? keyText(schema, item) : undefined;
    if (key !== undefined && !found.has(key)) found.set(key, item);
  }
  return found;
}

const keyText = (schema: StructuralSchema, item: JsonObject): string =>
  JSON.stringify((schema["x-kubernetes-list-map-keys"] ?? []).map((key) => (Object.hasOwn(item, key) ? (item[key] ?? null) : null)));
