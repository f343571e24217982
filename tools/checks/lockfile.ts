/** The lockfile's rules: every package is pinned by its hash, has a licence we may ship, and runs no script at install. */
const licences: readonly string[] = [
  "0BSD",
  "Apache-2.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "BlueOak-1.0.0",
  "CC-BY-4.0",
  "CC0-1.0",
  "ISC",
  "LGPL-3.0+",
  "LGPL-3.0-only",
  "MIT",
  "MIT-0",
  "MPL-2.0",
  "Python-2.0",
  "Unlicense",
  "WTFPL",
];

/** Packages that declare an install script, which `.npmrc` does not run, and which work without it: esbuild and fsevents ship their binaries. */
const namedScripts: readonly string[] = ["esbuild", "fsevents", "protobufjs", "unrs-resolver"];

interface LockedPackage {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly link?: boolean;
  readonly license?: string;
  readonly hasInstallScript?: boolean;
}

export interface Lockfile {
  readonly packages: Readonly<Record<string, LockedPackage>>;
}

/** Sentences, one for each package that breaks a rule. */
export function lockfileProblems(lock: Lockfile): readonly string[] {
  return Object.entries(lock.packages)
    .filter(([path]) => path.includes("node_modules/"))
    .filter(([, it]) => it.link !== true)
    .flatMap(([path, it]) => problemsOf(path, it));
}

function problemsOf(path: string, it: LockedPackage): readonly string[] {
  const name = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
  const problems: string[] = [];
  if (it.integrity === undefined || !it.integrity.startsWith("sha512-")) problems.push(`${path}: no sha512 integrity`);
  if (it.resolved !== undefined) problems.push(`${path}: names the host it came from; keep omit-lockfile-registry-resolved`);
  if (!allowed(it.license)) problems.push(`${path}: licence ${it.license ?? "unknown"} is not on the list`);
  if (it.hasInstallScript === true && !namedScripts.includes(name)) problems.push(`${path}: has an install script and is not named`);
  return problems;
}

/** `(A OR B)` needs one of them, `A AND B` all. */
function allowed(licence: string | undefined): boolean {
  if (licence === undefined) return false;
  const plain = licence.replace(/[()]/g, "");
  if (plain.includes(" OR ")) return plain.split(" OR ").some((it) => licences.includes(it));
  return plain.split(" AND ").every((it) => licences.includes(it));
}
