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
  if (left === undefined && right === undefined) return a === b ? 0 : a < b ? -1 : 1;
  if (left === undefined || right === undefined) return left === undefined ? 1 : -1;
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

/** A group, and how it is ranked. */
export interface RankedGroup {
  readonly group: string;
  readonly priority: number;
}

/** Higher priorities first, then by name: a short name that two groups have means the earlier one. */
export function compareGroups(a: RankedGroup, b: RankedGroup): number {
  if (a.priority !== b.priority || a.group === b.group) return b.priority - a.priority;
  return a.group < b.group ? -1 : 1;
}
