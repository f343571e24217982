import { isDeepStrictEqual } from "node:util";
import type { Condition } from "@dataplane/meta";
import type { CustomResourceDefinition, DefinitionNames } from "../definition/custom-resource-definition.js";

/** Names of the group that others have. */
export interface TakenNames {
  /** Plurals, singulars and short names: all that a command line may call a resource. */
  readonly resources: ReadonlySet<string>;
  /** Kinds, and kinds of lists. */
  readonly kinds: ReadonlySet<string>;
}

export interface AcceptedNames {
  readonly names: DefinitionNames;
  readonly condition: Omit<Condition, "lastTransitionTime">;
}

interface Conflict {
  readonly reason: string;
  readonly message: string;
}

/** Names that are free become the definition's own; the others stay as they were. Words and reasons are Kubernetes'. */
export function acceptNames({ spec, status }: Pick<CustomResourceDefinition, "spec" | "status">, taken: TakenNames): AcceptedNames {
  const { names: wanted } = spec;
  const { acceptedNames: had } = status;
  const conflicts: Conflict[] = [];
  const one = (key: "plural" | "singular" | "kind" | "listKind", used: ReadonlySet<string>, reason: string): string => {
    const [want, have] = [wanted[key] ?? "", had[key] ?? ""];
    if (want === have || !used.has(want)) return want;
    conflicts.push({ reason, message: inUse(want) });
    return have;
  };
  const plural = one("plural", taken.resources, "PluralConflict");
  const singular = one("singular", taken.resources, "SingularConflict");
  const shortNames = acceptShortNames(wanted.shortNames, had.shortNames, taken.resources, conflicts);
  const kind = one("kind", taken.kinds, "KindConflict");
  const listKind = one("listKind", taken.kinds, "ListKindConflict");
  const names = { plural, singular, kind, listKind, shortNames, categories: wanted.categories };
  return { names: withoutEmpty(names), condition: conditionOf(conflicts.at(-1)) };
}

const inUse = (name: string): string => `${JSON.stringify(name)} is already in use`;

/** Short names are accepted all together, or not at all. */
function acceptShortNames(
  wanted: readonly string[] | undefined,
  had: readonly string[] | undefined,
  used: ReadonlySet<string>,
  conflicts: Conflict[],
): readonly string[] | undefined {
  if (isDeepStrictEqual(wanted, had)) return wanted;
  const lost = (wanted ?? []).filter((name) => had?.includes(name) !== true && used.has(name)).map(inUse);
  if (lost.length === 0) return wanted;
  conflicts.push({ reason: "ShortNamesConflict", message: lost.length === 1 ? lost.join("") : `[${lost.join(", ")}]` });
  return had;
}

function conditionOf(conflict: Conflict | undefined): AcceptedNames["condition"] {
  if (conflict !== undefined) return { type: "NamesAccepted", status: "False", ...conflict };
  return { type: "NamesAccepted", status: "True", reason: "NoConflicts", message: "no conflicts found" };
}

interface MaybeNames {
  readonly plural: string;
  readonly kind: string;
  readonly singular: string;
  readonly listKind: string;
  readonly shortNames: readonly string[] | undefined;
  readonly categories: readonly string[] | undefined;
}

function withoutEmpty({ plural, kind, singular, listKind, shortNames = [], categories = [] }: MaybeNames): DefinitionNames {
  return {
    plural,
    ...(singular === "" ? {} : { singular }),
    ...(shortNames.length === 0 ? {} : { shortNames }),
    kind,
    ...(listKind === "" ? {} : { listKind }),
    ...(categories.length === 0 ? {} : { categories }),
  };
}

export type Names = Omit<DefinitionNames, "categories">;

/** Names of what is served in a group, from anywhere. */
export function takenNames(names: readonly Names[]): TakenNames {
  const resources = names.flatMap(({ plural, singular = "", shortNames = [] }) => [plural, singular, ...shortNames]);
  const kinds = names.flatMap(({ kind, listKind = "" }) => [kind, listKind]);
  return { resources: new Set(resources.filter((name) => name !== "")), kinds: new Set(kinds.filter((name) => name !== "")) };
}
