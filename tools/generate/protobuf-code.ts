import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

// Writes src/gen/wire.ts of the package in the working directory from its proto/*.proto; its argument is the file, as seen from there, that
// declares WireNamespace: `npm run generate -w packages/plugin-protocol`.

const here = process.cwd();
const [types = ""] = process.argv.slice(2);
const target = join(here, "src/gen/wire.ts");
const require = createRequire(import.meta.url);
const pbjs = join(dirname(require.resolve("protobufjs-cli/package.json")), "bin/pbjs");
const sources = readdirSync(join(here, "proto"))
  .filter((name) => name.endsWith(".proto"))
  .sort((a, b) => a.localeCompare(b, "en"))
  .map((name) => join("proto", name));

const omitted = ["create", "verify", "convert", "delimited", "typeurl", "comments", "service"].map((part) => `--no-${part}`);
const options = ["--target", "static-module", "--wrap", "esm", "--es6", "--force-number", ...omitted];
const scratch = `${target}.tmp`;
execFileSync(process.execPath, [pbjs, ...options, "--out", scratch, ...sources], { cwd: here, stdio: "inherit" });

const header = `// Generated from proto/*.proto by tools/generate/protobuf-code.ts. Do not edit.
// @ts-nocheck -- plain JavaScript of protobufjs; what it exports is typed below.
import type { WireNamespace } from "${types}";
`;
const code = readFileSync(scratch, "utf8")
  .replace(/^\/\*eslint-disable.*\n/, "")
  // minimal.js is CommonJS: its members are on the default export, and Node wants the suffix.
  .replace(/^import .* from "protobufjs\/minimal(\.js)?";$/m, 'import $protobuf from "protobufjs/minimal.js";')
  .replace(/^export const (\w+) = /gm, "export const $1: WireNamespace = ")
  // A registry of the whole process would be shared with every other user of protobufjs.
  .replace(/^const \$root = .*$/m, "const $root = {};")
  // The default export would have no type of its own.
  .replace(/^export \{\s*\$root as default\s*\};\n?/m, "");
writeFileSync(target, header + code);
rmSync(scratch);
