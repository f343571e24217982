import type { Planning, Step } from "./step.js";
import type { ListLiteral } from "./syntax/expression.js";
import { CelError, noSuchOverload, shownKey } from "./values/cel-error.js";
import { type CelValue, isMap, OptionalValue } from "./values/cel-value.js";
import { ArrayList, EntryMap } from "./values/collections.js";

/** The list that a macro is collecting. */
export class GrowingList extends ArrayList {
  readonly #items: CelValue[];

  constructor() {
    const items: CelValue[] = [];
    super(items);
    this.#items = items;
  }

  push(item: CelValue): void {
    this.#items.push(item);
  }
}

/** `accumulator + [element]` of a macro. */
export function append(accumulator: Step, { elements: [element] }: ListLiteral, planning: Planning): Step {
  if (element === undefined) return accumulator;
  const step = planning.plan(element.value, planning);
  return (frame, budget) => {
    const list = accumulator(frame, budget);
    if (!(list instanceof GrowingList)) throw noSuchOverload();
    budget.charge(11);
    const value = step(frame, budget);
    const item = element.isOptional && value instanceof OptionalValue ? value.value : value;
    if (item !== undefined) list.push(item);
    return list;
  };
}

/** `cel.@mapInsert(accumulator, key, value)`, or `(accumulator, map)`, of a macro. */
export function insert(accumulator: Step, steps: readonly Step[]): Step {
  return (frame, budget) => {
    const map = accumulator(frame, budget);
    if (!(map instanceof EntryMap)) throw noSuchOverload();
    budget.charge(2);
    const [first, second] = steps.map((step) => step(frame, budget));
    if (first === undefined) throw noSuchOverload();
    if (second !== undefined) insertNew(map, first, second);
    else if (isMap(first)) for (const key of first.keys()) insertNew(map, key, first.get(key) ?? null);
    else throw noSuchOverload();
    return map;
  };
}

function insertNew(map: EntryMap, key: CelValue, value: CelValue): void {
  if (!map.insert(key, value)) throw new CelError(`insert failed: key ${shownKey(key)} already exists`);
}
