import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

/** Who may import whom: only from a lower level, and only through a package's `exports`. The table of ARCHITECTURE.md is printed from this. */
export const levels: Readonly<Record<string, number>> = {
  meta: 0,
  frames: 0,
  storage: 1,
  client: 1,
  "plugin-protocol": 1,
  clientset: 2,
  controller: 2,
  "storage-sql": 2,
  "storage-etcd": 2,
  "storage-encryption": 2,
  "plugin-host": 2,
  "plugin-sdk": 2,
  apiserver: 3,
  "plugin-sdk-app": 3,
  aggregator: 4,
  apiextensions: 4,
  rbac: 4,
  "kube-aggregator": 4,
  datasources: 4,
  "app-manifests": 5,
  server: 6,
  cli: 6,
};

/** Tighter than the level: these know nothing else of the project. */
const only: Readonly<Record<string, readonly string[]>> = {
  "plugin-sdk": ["plugin-protocol", "frames"],
  "plugin-sdk-app": ["client", "controller", "meta"],
  frames: [],
  meta: [],
};

/** Packages whose tests may use a neighbour's parts; what is shipped may not. */
const testOnly: Readonly<Record<string, readonly string[]>> = {
  aggregator: ["datasources"],
  datasources: ["aggregator"],
  apiserver: ["storage-sql"],
};

export interface Import {
  /** Folder under the root, such as `packages/meta` or `plugins/prometheus`. */
  readonly from: string;
  readonly file: string;
  readonly specifier: string;
}

/** Sentences, one for each import that breaks a rule. */
export function brokenRules(imports: readonly Import[]): readonly string[] {
  return imports.flatMap((it) => {
    const why = complaint(it);
    return why === undefined ? [] : [`${it.file}: import of ${JSON.stringify(it.specifier)}: ${why}`];
  });
}

function complaint({ from, file, specifier }: Import): string | undefined {
  if (specifier.startsWith(".")) {
    const target = path.posix.normalize(path.posix.join(path.posix.dirname(file), specifier));
    return target.startsWith(`${from}/`) ? undefined : "a package is entered by its name, not by a path";
  }
  if (!specifier.startsWith("@dataplane/")) return undefined;
  const name = specifier.split("/")[1] ?? "";
  const importer = path.posix.basename(from);
  if (from.startsWith("plugins/")) return name.startsWith("plugin-sdk") ? undefined : "a plugin knows plugin-sdk and plugin-sdk-app alone";
  // A package may enter itself as its users do.
  if (name === importer) return undefined;
  if (isTest(file) && (testOnly[importer] ?? []).includes(name)) return undefined;
  const theirs = levels[name];
  const ours = levels[importer];
  if (theirs === undefined || ours === undefined) return "the package has no level in tools/checks/import-rules.ts";
  if (theirs >= ours) return `level ${ours} may not import level ${theirs}`;
  const allowed = only[importer];
  return allowed === undefined || allowed.includes(name) ? undefined : `${importer} may only import ${allowed.join(", ") || "nothing"}`;
}

const isTest = (file: string): boolean => file.endsWith(".test.ts") || file.includes("/testing/");

const pattern = /\b(?:from |import |import\()"([^"]+)"/g;

/** Every import of every source file of the workspace. */
export function readImports(root: string): readonly Import[] {
  return ["packages", "plugins"].flatMap((top) =>
    readdirSync(path.join(root, top)).flatMap((name) => {
      const from = `${top}/${name}`;
      return sources(root, `${from}/src`).flatMap((file) =>
        [...readFileSync(path.join(root, file), "utf8").matchAll(pattern)].map(([, specifier = ""]) => ({ from, file, specifier })),
      );
    }),
  );
}

function sources(root: string, folder: string): readonly string[] {
  return readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const file = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return entry.name === "gen" ? [] : sources(root, file);
    return entry.name.endsWith(".ts") ? [file] : [];
  });
}

/** The table of ARCHITECTURE.md. */
export function importTable(): string {
  const byLevel = [...new Set(Object.values(levels))].sort((a, b) => a - b);
  const rows = byLevel.map((level) => {
    const names = Object.keys(levels).filter((name) => levels[name] === level);
    const notes = names.flatMap((name) => (only[name] === undefined || only[name].length === 0 ? [] : [`${name}: only ${only[name].join(", ")}`]));
    return `| L${level} | ${names.map((name) => `\`${name}\``).join(", ")} | ${notes.join("; ") || (level === 0 ? "nothing" : "any lower level")} |`;
  });
  return ["| level | packages | may import |", "| --- | --- | --- |", ...rows, "| | `plugins/*` | only plugin-sdk |"].join("\n");
}
