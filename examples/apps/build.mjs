// Bundles the three apps into a folder that a server can load: node examples/apps/build.mjs <folder>.
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { build } from "esbuild";

const target = process.argv[2];
if (target === undefined) throw new Error("usage: node examples/apps/build.mjs <folder>");
for (const app of ["scope-app", "slo-app", "dashboard-app"]) await bundle(path.join(import.meta.dirname, app), target);

async function bundle(source, plugins) {
  const { id, executable } = JSON.parse(readFileSync(path.join(source, "plugin.json"), "utf8"));
  const folder = path.resolve(plugins, id);
  mkdirSync(folder, { recursive: true });
  await build({
    entryPoints: [path.join(source, "src/main.ts")],
    outfile: path.join(folder, "main.mjs"),
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    // The packages' sources, so that nothing has to be compiled before.
    conditions: ["source"],
    // CommonJS inside (grpc-js) asks for node's modules by require.
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
    logLevel: "warning",
  });
  for (const file of ["plugin.json", "app-manifest.yaml", "definitions"])
    if (existsSync(path.join(source, file))) cpSync(path.join(source, file), path.join(folder, file), { recursive: true });
  writeFileSync(path.join(folder, "package.json"), '{ "type": "module" }\n');
  for (const platform of ["linux", "darwin", "windows"].flatMap((os) => ["amd64", "arm64"].map((cpu) => `${os}_${cpu}`)))
    writeFileSync(path.join(folder, `${executable}_${platform}`), '#!/usr/bin/env node\nimport "./main.mjs";\n', { mode: 0o755 });
}
