// Bundles the app into a folder that a host can load: node build.mjs <folder>.
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { build } from "esbuild";

const here = import.meta.dirname;
const target = process.argv[2];
if (target === undefined) throw new Error("usage: node build.mjs <folder>");
const folder = path.resolve(target, "acme-testplugin-ts-app");
mkdirSync(folder, { recursive: true });

await build({
  entryPoints: [path.join(here, "main.ts")],
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
copyFileSync(path.join(here, "plugin.json"), path.join(folder, "plugin.json"));
writeFileSync(path.join(folder, "package.json"), '{ "type": "module" }\n');
const architecture = process.arch === "x64" ? "amd64" : process.arch;
const launcher = path.join(folder, `gpx_testplugin_ts_app_${process.platform}_${architecture}`);
writeFileSync(launcher, '#!/usr/bin/env node\nimport "./main.mjs";\n', { mode: 0o755 });
