// Bundles the built server: hundreds of modules would take three times as long to start, and 10 MB more. What is imported at first use
// (dynamic import) becomes a file of its own, and costs nothing before; the writer thread of SQLite is one too. The text of a file stays
// in memory as long as any function of it was not yet called: comments and indentation go, and all is ASCII, since one other character
// doubles what the text takes. Names stay as they are, and lines short, so that a stack trace can be read.
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const outdir = path.join(root, "packages/server/dist/bin");

const { outputFiles } = await build({
  absWorkingDir: root,
  entryPoints: {
    main: "packages/server/dist/main.js",
    "worker-process": "packages/server/dist/workers/worker-process.js",
    "sqlite-worker": "packages/storage-sql/dist/dialects/sqlite-worker.js",
  },
  outdir,
  bundle: true,
  splitting: true,
  platform: "node",
  format: "esm",
  target: "node20",
  minifyWhitespace: true,
  lineLimit: 150,
  legalComments: "none",
  // A native module, and those that are loaded only when somebody needs them: another link, a signature to check, a database.
  external: ["libsql", "@grpc/grpc-js", "openpgp", "mysql2"],
  // Libraries in CommonJS call require for Node's own modules.
  banner: { js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);' },
  logLevel: "warning",
  write: false,
});

// Files of an earlier build stay, whose names say what is in them: a server that still runs may yet load one.
await mkdir(outdir, { recursive: true });
for (const { path: file, text } of outputFiles) await writeFile(file, text.replaceAll(/[^\0-\x7f]/g, escaped));

/** esbuild escapes strings, but not regular expressions, where this means the same. */
function escaped(character) {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
