// `npm run generate`: writes every file that is made of declarations. `--check` writes nothing and fails with the list of those that differ.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { configReference, defaultsIni } from "../../packages/server/src/config/config-reference.js";
import { importTable } from "../checks/import-rules.js";
import { apiDocuments } from "./api-documents.js";
import { clientsetTypes } from "./clientset-types.js";
import { between, differences, type GeneratedFile } from "./generated-file.js";
import { packageFiles } from "./package-generators.js";
import { servedApi } from "./served-api.js";

const root = path.dirname(path.dirname(import.meta.dirname));
const at = (file: string): string => path.join(root, file);
const current = (file: string): string | undefined => (existsSync(at(file)) ? readFileSync(at(file), "utf8") : undefined);

const documents = await apiDocuments(servedApi(root));
const files: readonly GeneratedFile[] = [
  { path: "conf/defaults.ini", text: defaultsIni() },
  { path: "docs/configuration.md", text: configReference() },
  { path: "ARCHITECTURE.md", text: between(current("ARCHITECTURE.md") ?? "", "import table", importTable()) },
  ...documents,
  await clientsetTypes(documents),
  ...packageFiles(root),
];
const { changed, leftOver } = differences(files, { current, owned: filesBelow("api") });

if (process.argv.includes("--check")) {
  const differing = [...changed.map((file) => file.path), ...leftOver];
  if (differing.length > 0) {
    console.error(`These files are not what the declarations make; run "npm run generate":\n${differing.map((file) => `  ${file}`).join("\n")}`);
    process.exitCode = 1;
  }
} else {
  for (const { path: file, text } of changed) {
    mkdirSync(path.dirname(at(file)), { recursive: true });
    writeFileSync(at(file), text);
    console.log(`wrote ${file}`);
  }
  for (const file of leftOver) {
    rmSync(at(file));
    console.log(`removed ${file}`);
  }
}

function filesBelow(folder: string): readonly string[] {
  if (!existsSync(at(folder))) return [];
  return readdirSync(at(folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)).replaceAll(path.sep, "/"));
}
