// What `npm start` and `npm test` share: dependencies from the lockfile and a build, each only when something changed. Plain JavaScript
// without dependencies, since it runs before anything is installed.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

export const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/** Installs and builds what is stale. Exits with the failing step's code. */
export function setUp() {
  const lock = hashOf(["package-lock.json", "package.json"]);
  if (read("node_modules/.installed-lock") !== lock) {
    console.error("Installing dependencies from the lockfile ...");
    // --include=dev: the build needs them whatever NODE_ENV says.
    run(process.env.npm_execpath === undefined ? ["npm"] : [process.execPath, process.env.npm_execpath], [
      "ci",
      "--include=dev",
      "--no-audit",
      "--no-fund",
    ]);
    write("node_modules/.installed-lock", lock);
  }
  const sources = hashOf([
    ...sourceFiles("packages"),
    ...sourceFiles("plugins"),
    "tsconfig.json",
    "tsconfig.base.json",
    "package-lock.json",
    "tools/bundle.mjs",
  ]);
  if (read(".cache/built-sources") === sources && existsSync(path.join(root, "packages/server/dist/bin/main.js"))) return;
  console.error("Building ...");
  run([process.execPath], [path.join(root, "node_modules/typescript/bin/tsc"), "-b"]);
  run([process.execPath], [path.join(root, "tools/bundle.mjs")]);
  write(".cache/built-sources", sources);
}

function run([command, ...first], rest) {
  const { status, error } = spawnSync(command, [...first, ...rest], { cwd: root, stdio: ["ignore", 2, 2] });
  if (error !== undefined) console.error(`${command}: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}

function hashOf(files) {
  const hash = createHash("sha256");
  for (const file of files.toSorted())
    hash
      .update(`${file}\0`)
      .update(readFileSync(path.join(root, file)))
      .update("\0");
  return hash.digest("hex");
}

function sourceFiles(folder) {
  return readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const file = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return entry.name === "dist" || entry.name === "node_modules" ? [] : sourceFiles(file);
    return /\.(ts|mjs|json|wasm)$/.test(entry.name) && !entry.name.endsWith(".test.ts") && !entry.name.endsWith(".golden.json") ? [file] : [];
  });
}

const read = (file) => (existsSync(path.join(root, file)) ? readFileSync(path.join(root, file), "utf8") : undefined);

function write(file, content) {
  mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
  writeFileSync(path.join(root, file), content);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) setUp();
