const stability = ["alpha", "beta", ""] as const;

interface ParsedVersion {
  readonly major: number;
  readonly level: number;
  readonly minor: number;
}

/** Versions as clients prefer them: stable before beta before alpha, newer before older, then anything else by name. */
export function compareVersions(a: string, b: string): number {
  const left = parse(a);
  const right = parse(b);
  if (left === undefined || right === undefined) return left === right ? a.localeCompare(b) : left === undefined ? 1 : -1;
  return right.level - left.level || right.major - left.major || right.minor - left.minor;
}

function parse(version: string): ParsedVersion | undefined {
  for (const [level, name] of stability.entries()) {
    const [major = "", minor = "0", ...rest] = version.slice(1).split(name === "" ? /(?!)/ : name);
    if (version.startsWith("v") && rest.length === 0 && /^\d+$/.test(major) && /^\d+$/.test(minor) && (name === "" || version.includes(name))) {
      return { major: Number(major), level, minor: Number(minor) };
    }
  }
  return undefined;
}

/** `groupPriorityMinimum` of Kubernetes' own groups, as kube-apiserver registers them. */
const priorities: ReadonlyMap<string, number> = new Map([
  ["", 18_000],
  ["apiregistration.k8s.io", 17_900],
  ["apps", 17_800],
  ["events.k8s.io", 17_750],
  ["authentication.k8s.io", 17_700],
  ["authorization.k8s.io", 17_600],
  ["autoscaling", 17_500],
  ["batch", 17_400],
  ["certificates.k8s.io", 17_300],
  ["networking.k8s.io", 17_200],
  ["policy", 17_100],
  ["rbac.authorization.k8s.io", 17_000],
  ["storage.k8s.io", 16_800],
  ["admissionregistration.k8s.io", 16_700],
  ["apiextensions.k8s.io", 16_699],
  ["scheduling.k8s.io", 16_600],
  ["coordination.k8s.io", 16_500],
  ["node.k8s.io", 16_300],
  ["discovery.k8s.io", 16_200],
  ["resource.k8s.io", 16_150],
  ["flowcontrol.apiserver.k8s.io", 16_100],
  ["internal.apiserver.k8s.io", 16_000],
  ["storagemigration.k8s.io", 15_800],
]);

/** Of what is served here: that of custom resources where Kubernetes has no other. */
export const groupPriority = (group: string): number => priorities.get(group) ?? 1_000;

/** A group, and how it is ranked where somebody says so. */
export interface RankedGroup {
  readonly group: string;
  readonly priority?: number | undefined;
}

/** Higher priorities first, then by name: a short name that two groups have means the earlier one. */
export function compareGroups(a: RankedGroup, b: RankedGroup): number {
  const byPriority = (b.priority ?? groupPriority(b.group)) - (a.priority ?? groupPriority(a.group));
  if (byPriority !== 0 || a.group === b.group) return byPriority;
  return a.group < b.group ? -1 : 1;
}
