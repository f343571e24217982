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
  const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version);
  if (match === null) return undefined;
  const level = stability.findIndex((it) => it === (match[2] ?? ""));
  return { major: Number(match[1]), level, minor: Number(match[3] ?? "0") };
}

/** The core group, Kubernetes' own, then the rest by name: a short name that two groups have means the earlier one. */
export const compareGroups = (a: string, b: string): number => rank(a) - rank(b) || (a < b ? -1 : a > b ? 1 : 0);

function rank(group: string): number {
  if (group === "") return 0;
  return group.endsWith(".k8s.io") ? 1 : 2;
}
