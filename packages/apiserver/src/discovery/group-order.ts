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

/** Kubernetes' own groups, as its aggregator ranks them; what follows has the rank of custom resources. */
const ranked: readonly string[] = [
  "",
  "apiregistration.k8s.io",
  "apps",
  "events.k8s.io",
  "authentication.k8s.io",
  "authorization.k8s.io",
  "autoscaling",
  "batch",
  "certificates.k8s.io",
  "networking.k8s.io",
  "policy",
  "rbac.authorization.k8s.io",
  "storage.k8s.io",
  "admissionregistration.k8s.io",
  "apiextensions.k8s.io",
  "scheduling.k8s.io",
  "coordination.k8s.io",
  "node.k8s.io",
  "discovery.k8s.io",
  "resource.k8s.io",
  "flowcontrol.apiserver.k8s.io",
  "internal.apiserver.k8s.io",
  "storagemigration.k8s.io",
];
const ranks: ReadonlyMap<string, number> = new Map(ranked.map((group, rank) => [group, rank]));

/** Kubernetes' groups in its order, then the rest by name: a short name that two groups have means the earlier one. */
export const compareGroups = (a: string, b: string): number => rank(a) - rank(b) || (a < b ? -1 : a > b ? 1 : 0);

const rank = (group: string): number => ranks.get(group) ?? ranked.length;
