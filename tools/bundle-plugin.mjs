import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { build } from "esbuild";

/**
 * Bundles a plugin of the TypeScript SDK, from the packages' sources, into `<target>/<id>`, with a launcher for each platform. `entry` is its
 * main file; `files` are copied beside plugin.json where they are there.
 */
export async function bundlePlugin({ source, target, entry, files = [] }) {
  const { id, executable } = JSON.parse(readFileSync(path.join(source, "plugin.json"), "utf8"));
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
  for (const file of ["plugin.json", ...files])
    if (existsSync(path.join(source, file))) cpSync(path.join(source, file), path.join(folder, file), { recursive: true });
  writeFileSync(path.join(folder, "package.json"), '{ "type": "module" }\n');
  for (const platform of ["linux", "darwin", "windows"].flatMap((os) => ["amd64", "arm64"].map((cpu) => `${os}_${cpu}`)))
    writeFileSync(path.join(folder, `${executable}_${platform}`), '#!/usr/bin/env node\nimport "./main.mjs";\n', { mode: 0o755 });
}

/** The folder that a program of this kind is given. */
export function targetFolder() {
  const target = process.argv[2];
  if (target === undefined) throw new Error(`usage: node ${path.relative(process.cwd(), process.argv[1] ?? "")} <folder>`);
  return target;
}
