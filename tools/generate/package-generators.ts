import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import type { GeneratedFile } from "./generated-file.js";

interface PackageGenerator {
  readonly folder: string;
  /** What it reads, its own code included. */
  readonly inputs: readonly string[];
  readonly command: readonly string[];
  readonly output: string;
}

/** The packages' own `generate` scripts. */
const generators: readonly PackageGenerator[] = [
  { folder: "packages/frames", inputs: ["assembly"], command: ["assembly/generate.mjs"], output: "src/gen/wasm-module.ts" },
  { folder: "packages/plugin-protocol", inputs: ["generate.ts", "proto"], command: ["--import", "tsx", "generate.ts"], output: "src/gen/wire.ts" },
  { folder: "packages/storage-etcd", inputs: ["generate.ts", "proto"], command: ["--import", "tsx", "generate.ts"], output: "src/gen/wire.ts" },
];

/** Runs each generator on a copy of its inputs, below `.cache/`, so that a check changes nothing in the tree. */
export const packageFiles = (root: string): readonly GeneratedFile[] => generators.map((generator) => run(root, generator));

function run(root: string, { folder, inputs, command, output }: PackageGenerator): GeneratedFile {
  const copy = path.join(root, ".cache/generate", `${path.basename(folder)}-${process.pid}`);
  try {
    mkdirSync(path.dirname(path.join(copy, output)), { recursive: true });
    for (const input of [...inputs, "package.json"]) cpSync(path.join(root, folder, input), path.join(copy, input), { recursive: true });
    execFileSync(process.execPath, command, { cwd: copy, stdio: ["ignore", "ignore", "inherit"] });
    return { path: `${folder}/${output}`, text: readFileSync(path.join(copy, output), "utf8") };
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}
