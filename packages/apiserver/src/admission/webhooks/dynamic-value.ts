import { isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";
import type { CelList, CelMap, CelValue } from "../../schema/cel/values/cel-value.js";

/** JSON whose form is not declared, as CEL sees it: whole numbers are integers. Lists and maps are looked into when the expression does. */
export function dynamicValue(json: JsonValue | undefined): CelValue {
  if (json === undefined) return null;
  if (typeof json === "number") return Number.isSafeInteger(json) ? BigInt(json) : json;
  if (Array.isArray(json)) return new DynamicList(json);
  return isJsonObject(json) ? new DynamicMap(json) : (json as string | boolean | null);
}

class DynamicList implements CelList {
  readonly #json: readonly JsonValue[];

  constructor(json: readonly JsonValue[]) {
    this.#json = json;
  }

  get size(): number {
    return this.#json.length;
  }

  at(index: number): CelValue {
    return dynamicValue(this.#json[index]);
  }
}

class DynamicMap implements CelMap {
  readonly #json: JsonObject;

  constructor(json: JsonObject) {
    this.#json = json;
  }

  get size(): number {
    return Object.keys(this.#json).length;
  }

  get(key: CelValue): CelValue | undefined {
    return typeof key === "string" && Object.hasOwn(this.#json, key) ? dynamicValue(this.#json[key]) : undefined;
  }

  keys(): readonly CelValue[] {
    return Object.keys(this.#json);
  }
}
