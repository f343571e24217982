import * as t from "../types/cel-type.js";
import type { CelList } from "../values/cel-value.js";
import { itemsOf } from "../values/collections.js";
import { equal } from "../values/equality.js";
import { type FunctionTable, global, listArgument, type Overload } from "./function-declaration.js";

const T = t.param("T");

const includesAll = (list: CelList, wanted: CelList): boolean => {
  const items = [...itemsOf(list)];
  return [...itemsOf(wanted)].every((item) => items.some((other) => equal(item, other)));
};

const intersects = (a: CelList, b: CelList): boolean => {
  const items = [...itemsOf(b)];
  return [...itemsOf(a)].some((item) => items.some((other) => equal(item, other)));
};

const ofTwo = (holds: (a: CelList, b: CelList) => boolean): readonly Overload[] => [
  global([t.list(T), t.list(T)], t.bool, (a, b) => holds(listArgument(a), listArgument(b))),
];

/** Lists as sets (https://pkg.go.dev/github.com/google/cel-go/ext#Sets). */
export const setFunctions: FunctionTable = {
  "sets.contains": ofTwo(includesAll),
  "sets.equivalent": ofTwo((a, b) => includesAll(a, b) && includesAll(b, a)),
  "sets.intersects": ofTwo(intersects),
};
