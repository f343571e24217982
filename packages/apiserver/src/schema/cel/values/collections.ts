import { type CelList, type CelMap, type CelValue, type ListAssociation, Uint } from "./cel-value.js";
import { typeNameOf } from "./type-names.js";

/** A list that was made by an expression. */
export class ArrayList implements CelList {
  readonly items: readonly CelValue[];
  readonly association?: ListAssociation;

  constructor(items: readonly CelValue[], association?: ListAssociation) {
    this.items = items;
    if (association !== undefined) this.association = association;
  }

  get size(): number {
    return this.items.length;
  }

  at(index: number): CelValue {
    return this.items[index] ?? null;
  }
}

export const listOf = (items: readonly CelValue[]): CelList => new ArrayList(items);

/** A map that was made by an expression; keys are bool, int, uint or string. */
export class EntryMap implements CelMap {
  readonly #entries = new Map<string, readonly [CelValue, CelValue]>();

  get size(): number {
    return this.#entries.size;
  }

  get(key: CelValue): CelValue | undefined {
    return this.#entries.get(keyText(key))?.[1];
  }

  keys(): readonly CelValue[] {
    return [...this.#entries.values()].map(([key]) => key);
  }

  /** Only while the map is being made. False when the key is there already. */
  insert(key: CelValue, value: CelValue): boolean {
    const text = keyText(key);
    const isNew = !this.#entries.has(text);
    if (isNew) this.#entries.set(text, [key, value]);
    return isNew;
  }

  /** Only while the map is being made: the last one wins. */
  set(key: CelValue, value: CelValue): void {
    this.#entries.set(keyText(key), [key, value]);
  }
}

/** Numbers that are equal are the same key, whatever their type. */
function keyText(key: CelValue): string {
  if (typeof key === "string") return `s${key}`;
  if (typeof key === "bigint") return `n${key}`;
  if (key instanceof Uint) return `n${key.value}`;
  if (typeof key === "number") return Number.isInteger(key) ? `n${BigInt(key)}` : `d${key}`;
  return `o${typeof key === "boolean" ? String(key) : typeNameOf(key)}`;
}

export function* itemsOf(list: CelList): Generator<CelValue> {
  for (let i = 0; i < list.size; i++) yield list.at(i);
}
