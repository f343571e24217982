// What is built from what, and whether it looks as it did when it was last found up to date: a look at each file instead of its content, as Git
// does it, so that a start in which nothing changed costs milliseconds.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

export const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
export const bundle = "packages/server/dist/bin/main.cjs";
export const installedMark = "node_modules/.installed-lock";
export const unchangedMark = ".cache/unchanged-look";

/** Paths of what is compiled and bundled, and by what. */
export function sourceFiles() {
  return [...filesBelow("packages"), ...filesBelow("plugins"), "tsconfig.json", "tsconfig.base.json", "tools/bundle.mjs"];
}

function filesBelow(folder) {
  return readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const file = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return entry.name === "dist" || entry.name === "node_modules" ? [] : filesBelow(file);
    return /\.(ts|mjs|json|wasm)$/.test(entry.name) && !entry.name.endsWith(".test.ts") && !entry.name.endsWith(".golden.json") ? [file] : [];
  });
}

/** A time stamp of a file system may be so coarse that a change right after another one has the same. */
const coarsestStampMs = 2_000;

/**
 * How all that a build depends on looks now: names, sizes, times of change and inode numbers. No program can set a time of change (ctime) back. Undefined
 * where a file is so new that a change of it might not show.
 */
export function lookOfInputs() {
  const hash = createHash("sha256").update(process.version);
  const begun = Date.now();
  for (const file of [...sourceFiles(), "package.json", "package-lock.json", "tools/inputs.mjs"]) {
    const stat = statSync(path.join(root, file));
    if (stat.ctimeMs > begun - coarsestStampMs) return undefined;
    hash.update(`${file}\0${stat.size} ${stat.mtimeMs} ${stat.ctimeMs} ${stat.ino}\0`);
  }
  return hash.digest("hex");
}

/** Whether nothing changed since all was found up to date, and what was made of it is there. */
export function isUnchanged() {
  try {
    const isThere = [bundle, installedMark].every((file) => existsSync(path.join(root, file)));
    return isThere && readFileSync(path.join(root, unchangedMark), "utf8") === lookOfInputs();
  } catch {
    return false;
  }
}
