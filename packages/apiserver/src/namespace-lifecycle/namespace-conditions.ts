/** What is left of a namespace's contents after all was told to go. */
export interface Remains {
  /** How many objects, by `<plural>.<group>`. */
  readonly kinds: Map<string, number>;
  /** How many objects each finalizer holds. */
  readonly finalizers: Map<string, number>;
  /** Kinds whose objects could not be deleted, and why. */
  readonly failures: string[];
  readonly unreachable: readonly string[];
}

export interface NamespaceCondition {
  readonly type: string;
  readonly status: "True" | "False";
  readonly reason: string;
  readonly message: string;
}

/** `status.conditions` of a namespace that is being deleted, as kube-controller-manager words them. */
export function conditionsOf({ kinds, finalizers, failures, unreachable }: Remains): readonly NamespaceCondition[] {
  return [
    condition("NamespaceDeletionDiscoveryFailure", "DiscoveryFailed", unreachable.length === 0 ? undefined : skipped(unreachable), {
      reason: "ResourcesDiscovered",
      message: "All resources successfully discovered",
    }),
    condition("NamespaceDeletionGroupVersionParsingFailure", "GroupVersionParsingFailed", undefined, {
      reason: "ParsedGroupVersions",
      message: "All legacy kube types successfully parsed",
    }),
    condition("NamespaceDeletionContentFailure", "ContentDeletionFailed", failures.length === 0 ? undefined : failures.join(", "), {
      reason: "ContentDeleted",
      message: "All content successfully deleted, may be waiting on finalization",
    }),
    condition("NamespaceContentRemaining", "SomeResourcesRemain", kinds.size === 0 ? undefined : remaining(kinds), {
      reason: "ContentRemoved",
      message: "All content successfully removed",
    }),
    condition("NamespaceFinalizersRemaining", "SomeFinalizersRemain", finalizers.size === 0 ? undefined : held(finalizers), {
      reason: "ContentHasNoFinalizers",
      message: "All content-preserving finalizers finished",
    }),
  ];
}

function condition(
  type: string,
  reason: string,
  problem: string | undefined,
  well: { readonly reason: string; readonly message: string },
): NamespaceCondition {
  return problem === undefined ? { type, status: "False", ...well } : { type, status: "True", reason, message: problem };
}

const skipped = (groups: readonly string[]): string => `Skipped, since they do not answer: ${groups.join(", ")}`;

const sorted = (counts: ReadonlyMap<string, number>): readonly [string, number][] => [...counts].toSorted(([a], [b]) => (a < b ? -1 : 1));

const remaining = (kinds: ReadonlyMap<string, number>): string =>
  `Some resources are remaining: ${sorted(kinds)
    .map(([kind, count]) => `${kind} has ${String(count)} resource instances`)
    .join(", ")}`;

const held = (finalizers: ReadonlyMap<string, number>): string =>
  `Some content in the namespace has finalizers remaining: ${sorted(finalizers)
    .map(([name, count]) => `${name} in ${String(count)} resource instances`)
    .join(", ")}`;
