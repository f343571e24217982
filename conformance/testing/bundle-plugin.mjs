import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { build } from "esbuild";

/** Bundles a plugin of the TypeScript SDK, from the packages' sources, into `<first argument>/<id>`, with a launcher for each platform. */
export async function bundlePlugin({ source, id, entry, executable }) {
  const target = process.argv[2];
  if (target === undefined) throw new Error("usage: node build.mjs <folder>");
  const folder = path.resolve(target, id);
  mkdirSync(folder, { recursive: true });
  await build({
    entryPoints: [path.join(source, entry)],
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
  copyFileSync(path.join(source, "plugin.json"), path.join(folder, "plugin.json"));
  writeFileSync(path.join(folder, "package.json"), '{ "type": "module" }\n');
  for (const platform of ["linux", "darwin", "windows"].flatMap((os) => ["amd64", "arm64"].map((cpu) => `${os}_${cpu}`))) {
    writeFileSync(path.join(folder, `${executable}_${platform}`), '#!/usr/bin/env node\nimport "./main.mjs";\n', { mode: 0o755 });
  }
}
