import { addressFunctions } from "./addresses.js";
import { clockFunctions } from "./clock.js";
import { conversions } from "./conversions.js";
import type { FunctionTable, Overload } from "./function-declaration.js";
import { listFunctions } from "./lists.js";
import { formatFunctions } from "./named-formats.js";
import { operators } from "./operators.js";
import { optionalFunctions } from "./optionals.js";
import { patternFunctions } from "./patterns.js";
import { quantityFunctions } from "./quantity.js";
import { semverFunctions } from "./semver.js";
import { setFunctions } from "./sets.js";
import { textFunctions } from "./text.js";
import { urlFunctions } from "./urls.js";

function joined(tables: readonly FunctionTable[]): FunctionTable {
  const all = new Map<string, readonly Overload[]>();
  for (const table of tables) for (const [name, overloads] of Object.entries(table)) all.set(name, [...(all.get(name) ?? []), ...overloads]);
  return Object.fromEntries(all);
}

/** All that a rule may call. */
export const functions: FunctionTable = joined([
  operators,
  conversions,
  textFunctions,
  listFunctions,
  setFunctions,
  patternFunctions,
  clockFunctions,
  optionalFunctions,
  quantityFunctions,
  urlFunctions,
  addressFunctions,
  semverFunctions,
  formatFunctions,
]);
