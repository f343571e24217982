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

/** The core group, Kubernetes' own, then the rest by name: a short name that two groups have means the earlier one. */
export const compareGroups = (a: string, b: string): number => rank(a) - rank(b) || (a < b ? -1 : a > b ? 1 : 0);

function rank(group: string): number {
  if (group === "") return 0;
  return group.endsWith(".k8s.io") ? 1 : 2;
}
