import type { Cause } from "@dataplane/meta";
import type { DefinitionNames } from "../definition/custom-resource-definition.js";
import { invalid, required } from "./causes.js";
import { dns1035LabelProblems } from "./dns-names.js";

/** Names that a spec must give; a status may lack them. */
export const missingNames = (names: DefinitionNames, path: string): readonly Cause[] =>
  (["plural", "singular", "kind", "listKind"] as const).filter((key) => (names[key] ?? "") === "").map((key) => required(`${path}.${key}`));

/** Names of a spec or of a status: what is there must be a name. */
export function validateNames(names: DefinitionNames, path: string): readonly Cause[] {
  const { plural, singular = "", kind, listKind = "", shortNames = [], categories = [] } = names;
  return [
    ...labelCauses(plural, `${path}.plural`),
    ...labelCauses(singular, `${path}.singular`),
    ...kindCauses(kind, `${path}.kind`),
    ...kindCauses(listKind, `${path}.listKind`),
    ...shortNames.flatMap((name, index) => eachLabel(name, `${path}.shortNames[${index}]`)),
    ...(kind !== "" && kind === listKind ? [invalid(`${path}.listKind`, listKind, "kind and listKind may not be the same")] : []),
    ...categories.flatMap((name, index) => eachLabel(name, `${path}.categories[${index}]`)),
  ];
}

const labelCauses = (value: string, path: string): readonly Cause[] => (value === "" ? [] : eachLabel(value, path));

function eachLabel(value: string, path: string): readonly Cause[] {
  const problems = dns1035LabelProblems(value);
  return problems.length === 0 ? [] : [invalid(path, value, problems.join(","))];
}

function kindCauses(kind: string, path: string): readonly Cause[] {
  const problems = kind === "" ? [] : dns1035LabelProblems(kind.toLowerCase());
  return problems.length === 0 ? [] : [invalid(path, kind, `may have mixed case, but should otherwise match: ${problems.join(",")}`)];
}
