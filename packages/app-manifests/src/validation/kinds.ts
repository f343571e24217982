import { isDataPlanePath } from "@dataplane/aggregator";
import { type Cause, isDnsLabel } from "@dataplane/meta";
import type { ManifestKind, ManifestSpec } from "../app-manifest-spec.js";
import { duplicateValue, forbidden, invalidValue, requiredValue } from "./causes.js";

const operations: ReadonlySet<string> = new Set(["CREATE", "UPDATE", "DELETE", "CONNECT", "*"]);

/** Kinds by themselves, and what must be the same in all versions of one. */
export function kindCauses({ versions }: ManifestSpec): readonly Cause[] {
  const firsts = new Map<string, ManifestKind>();
  /** What a name stands for, in lower case as singulars and addresses have it. */
  const meanings = new Map<string, string>();
  return versions.flatMap(({ kinds }, version) =>
    kinds.flatMap((kind, index) => {
      const field = `spec.versions[${version}].kinds[${index}]`;
      const first = firsts.get(kind.kind) ?? kind;
      firsts.set(kind.kind, first);
      const before = kinds.slice(0, index);
      return [
        ...(before.some((it) => it.kind === kind.kind) ? [duplicateValue(`${field}.kind`, kind.kind)] : []),
        ...nameCauses(kind, field, meanings),
        ...ownCauses(kind, field),
        ...sameCauses(kind, first, field),
      ];
    }),
  );
}

/** Two kinds have no name in common, in whatever case and in whichever versions. */
function nameCauses({ kind, plural }: ManifestKind, field: string, meanings: Map<string, string>): readonly Cause[] {
  const clashes = (
    [
      ["kind", kind],
      ["plural", plural],
    ] as const
  ).filter(([, name]) => {
    const lower = name.toLowerCase();
    const meant = meanings.get(lower) ?? kind;
    meanings.set(lower, meant);
    return meant !== kind;
  });
  return clashes.map(([name, value]) => duplicateValue(`${field}.${name}`, value));
}

function ownCauses(kind: ManifestKind, field: string): readonly Cause[] {
  return [
    ...(/^[A-Z][A-Za-z0-9]{0,62}$/.test(kind.kind)
      ? []
      : [invalidValue(`${field}.kind`, kind.kind, "must be in CamelCase: letters and digits, a capital letter first")]),
    ...(isDnsLabel(kind.plural) ? [] : [invalidValue(`${field}.plural`, kind.plural, "must be a DNS label in lower case")]),
    ...(isTaken(kind.plural) ? [forbidden(`${field}.plural`, `${JSON.stringify(kind.plural)} is a path of the data plane itself`)] : []),
    ...(kind.userReadable && kind.scope !== "Cluster"
      ? [forbidden(`${field}.userReadable`, "only a kind of scope Cluster may be userReadable")]
      : []),
    ...(kind.folderScoped && kind.scope !== "Namespaced"
      ? [forbidden(`${field}.folderScoped`, "only a kind of scope Namespaced may be folderScoped")]
      : []),
    ...schemaCauses(kind, field),
    ...operationCauses(kind.admission.validation, `${field}.admission.validation`),
    ...operationCauses(kind.admission.mutation, `${field}.admission.mutation`),
  ];
}

/** Where the data plane has a path of its own, objects would never be reached. */
const isTaken = (plural: string): boolean => isDataPlanePath([plural]) || isDataPlanePath(["namespaces", "{namespace}", plural]);

function schemaCauses({ kind, schemas, schema }: ManifestKind, field: string): readonly Cause[] {
  if (schemas === undefined) return schema === undefined ? [requiredValue(`${field}.schemas`, "a kind needs its schema")] : [];
  return Object.hasOwn(schemas, kind) ? [] : [requiredValue(`${field}.schemas`, `must have a schema named ${JSON.stringify(kind)}, as the kind`)];
}

const operationCauses = (listed: readonly string[], field: string): readonly Cause[] =>
  listed.flatMap((operation, index) =>
    operations.has(operation)
      ? []
      : [
          {
            reason: "FieldValueNotSupported",
            field: `${field}.operations[${index}]`,
            message: `Unsupported value: ${JSON.stringify(operation)}: supported values: ${[...operations].map((it) => JSON.stringify(it)).join(", ")}`,
          },
        ],
  );

const sameFields = ["plural", "scope", "conversion", "userReadable", "folderScoped"] as const;

const sameCauses = (kind: ManifestKind, first: ManifestKind, field: string): readonly Cause[] =>
  sameFields
    .filter((name) => kind[name] !== first[name])
    .map((name) =>
      invalidValue(`${field}.${name}`, kind[name], `must be ${JSON.stringify(first[name])}, as in the version before: it is one for all`),
    );
