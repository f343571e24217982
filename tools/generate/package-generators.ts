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

/** `types`: the file that declares WireNamespace, as seen from what is written. */
function protobuf(folder: string, types: string): PackageGenerator {
  const program = path.join(import.meta.dirname, "protobuf-code.ts");
  return { folder, inputs: ["proto"], command: ["--import", "tsx", program, types], output: "src/gen/wire.ts" };
}

/** The packages' own `generate` scripts. */
const generators: readonly PackageGenerator[] = [
  { folder: "packages/frames", inputs: ["assembly"], command: ["assembly/generate.mjs"], output: "src/gen/wasm-module.ts" },
  protobuf("packages/plugin-protocol", "../wire-message.js"),
  protobuf("packages/storage-etcd", "../codec.js"),
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
