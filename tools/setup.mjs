// What `npm start` and `npm test` share: dependencies from the lockfile and a build, each only when something changed. Plain JavaScript
// without dependencies, since it runs before anything is installed.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { bundle, installedMark, lookOfInputs, root, sourceFiles, unchangedMark } from "./inputs.mjs";

/** Installs and builds what is stale. Exits with the failing step's code. */
export function setUp() {
  // Looked at before anything is read: what changes from now on looks different later.
  const look = lookOfInputs();
  const lock = hashOf(["package-lock.json", "package.json"]);
  if (read(installedMark) !== lock) {
    console.error("Installing dependencies from the lockfile ...");
    // --include=dev: the build needs them whatever NODE_ENV says.
    run(process.env.npm_execpath === undefined ? ["npm"] : [process.execPath, process.env.npm_execpath], [
      "ci",
      "--include=dev",
      "--no-audit",
      "--no-fund",
    ]);
    write(installedMark, lock);
  }
  const sources = hashOf([...sourceFiles(), "package-lock.json"]);
  if (read(".cache/built-sources") !== sources || !existsSync(path.join(root, bundle))) {
    console.error("Building ...");
    run([process.execPath], [path.join(root, "node_modules/typescript/bin/tsc"), "-b"]);
    run([process.execPath], [path.join(root, "tools/bundle.mjs")]);
    write(".cache/built-sources", sources);
  }
  if (look !== undefined) remember(look);
}

function remember(look) {
  try {
    write(unchangedMark, look);
  } catch {
    // A folder that may not be written costs each start the time to read all sources, and nothing else.
  }
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

const read = (file) => (existsSync(path.join(root, file)) ? readFileSync(path.join(root, file), "utf8") : undefined);

function write(file, content) {
  mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
  writeFileSync(path.join(root, file), content);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) setUp();
