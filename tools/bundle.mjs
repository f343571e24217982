// Bundles the built server: hundreds of modules would take three times as long to start, and 10 MB more. What is imported at first use
// (dynamic import) becomes a file of its own, and costs nothing before; the writer thread of SQLite is one too. The text of a file stays
// in memory as long as any function of it was not yet called: comments and indentation go, and all is ASCII, since one other character
// doubles what the text takes. Names stay as they are, and lines short, so that a stack trace can be read.
//
// What the start needs is one script, since V8 can keep the compiled form of a script, which tools/load-bundle.mjs does, and not that of a module.
// So it takes two steps: modules are split by what is imported at first use, then what a program imports at once is joined again.
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const outdir = path.join(root, "packages/server/dist/bin");

// Native modules, and those that are loaded only when somebody needs them: another link, a signature to check, a database.
const external = ["libsql", "@grpc/grpc-js", "openpgp", "mysql2"];
const form = { platform: "node", target: "node20", minifyWhitespace: true, lineLimit: 150, legalComments: "none", logLevel: "warning" };
/** As tools/load-bundle.mjs runs it: `import()` is a require, which finds the other scripts, and the script knows where it is. */
const script = { ...form, format: "cjs", supported: { "dynamic-import": false }, define: { "import.meta.url": "__url" } };

const { outputFiles, metafile } = await build({
  ...form,
  absWorkingDir: root,
  entryPoints: { main: "packages/server/dist/main.js", "worker-process": "packages/server/dist/workers/worker-process.js" },
  outdir,
  bundle: true,
  splitting: true,
  format: "esm",
  external,
  metafile: true,
  write: false,
});
const modules = new Map(outputFiles.map((file) => [path.basename(file.path), file.text]));
const outputs = new Map(Object.entries(metafile.outputs).map(([file, output]) => [path.basename(file), output]));

// `import()` of CommonJS gives all its names in Node; esbuild makes a module of it that has a default alone.
const isCommonJs = (name) => outputs.get(name).exports.join() === "default";
const commonJsEnd = "module.exports=module.exports.default;\n";

const programs = ["main.js", "worker-process.js"].map((name) => ({ name, atOnce: importedAtOnce(name) }));
await mkdir(outdir, { recursive: true });
for (const program of programs) await write(scriptName(program.name), await joined(program));
for (const [name, text] of modules) {
  if (programs.every(({ atOnce }) => atOnce.has(name)) || programs.some((program) => program.name === name)) continue;
  await write(scriptName(name), `${await scriptOf(text, new Set())}${isCommonJs(name) ? commonJsEnd : ""}`);
}
await write("worker-process.js", workerProcess());
await write("sqlite-worker.js", await sqliteWorker());

/** The module and those that it imports, other than by `import()`, and so on. */
function importedAtOnce(name, found = new Set()) {
  if (found.has(name)) return found;
  found.add(name);
  for (const imported of outputs.get(name).imports)
    if (imported.kind === "import-statement" && !imported.external) importedAtOnce(path.basename(imported.path), found);
  return found;
}

/** One script of them all, that exports what the program does, and as `modules` what those that are imported later need of the others. */
function joined({ name: program, atOnce }) {
  const others = [...atOnce].filter((name) => name !== program);
  const contents = [
    `export * from "./${program}";`,
    ...others.map((name, index) => `import * as module${index} from "./${name}";`),
    `export const modules={${others.map((name, index) => `"${scriptName(name)}":module${index}`).join()}};`,
  ].join("\n");
  return scriptOf(contents, atOnce);
}

/** The module as a script, with those `inside` that it imports. */
async function scriptOf(contents, inside) {
  const { outputFiles: files } = await build({
    ...script,
    stdin: { contents, resolveDir: outdir, sourcefile: "entry.js" },
    bundle: true,
    write: false,
    plugins: [{ name: "split modules", setup: (builder) => resolveSplit(builder, inside) }],
  });
  return files[0].text;
}

function resolveSplit({ onResolve, onLoad }, inside) {
  onResolve({ filter: /^\.\/[^/]+\.js$/ }, ({ path: file, kind }) => {
    const name = path.basename(file);
    return inside.has(name) && kind === "import-statement" ? { path: name, namespace: "split" } : { path: `./${scriptName(name)}`, external: true };
  });
  onResolve({ filter: /^[^.]/ }, ({ path: file }) => ({ path: file, external: true }));
  onLoad({ filter: /.*/, namespace: "split" }, ({ path: name }) => ({ contents: modules.get(name) }));
}

/** What is forked: it has no tools/serve.mjs before it. */
function workerProcess() {
  return `import path from "node:path";
import { loadBundle } from "../../../../tools/load-bundle.mjs";
const { keepCompiled } = loadBundle(path.join(import.meta.dirname, "worker-process.cjs"));
setTimeout(keepCompiled, 10_000).unref();
`;
}

/** A thread has a heap of its own: what it runs is in a file of its own. */
async function sqliteWorker() {
  const { outputFiles: files } = await build({
    ...form,
    absWorkingDir: root,
    entryPoints: ["packages/storage-sql/dist/dialects/sqlite-worker.js"],
    bundle: true,
    format: "esm",
    external,
    banner: { js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);' },
    write: false,
  });
  return files[0].text;
}

function scriptName(name) {
  return name.replace(/\.js$/, ".cjs");
}

// Files of an earlier build stay, whose names say what is in them: a server that still runs may yet load one.
async function write(name, text) {
  await writeFile(path.join(outdir, name), text.replaceAll(/[^\0-\x7f]/g, escaped));
}

/** esbuild escapes strings, but not regular expressions, where this means the same. */
function escaped(character) {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
