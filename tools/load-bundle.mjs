// Runs the scripts that tools/bundle.mjs wrote. Compiling them is a large part of a start, so their compiled form is kept beside them, with what
// the last start ran: V8 takes it only for the same version, flags and processor, and here only for the same text, and whole.
import { readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import v8 from "node:v8";
import vm from "node:vm";
import zlib from "node:zlib";

const parameters = "exports, require, module, __filename, __dirname, __url";

/**
 * Loads a script of the bundle and what it requires: its exports, and `keepCompiled`, which writes the compiled form of what ran until now, where
 * there is none yet. To be called with the same flags of V8 as this.
 */
export function loadBundle(file) {
  const folder = path.dirname(file);
  const { script, isNew } = compiled(file);
  const loaded = new Map();
  const exports = run(script, file, folder, loaded);
  for (const [name, value] of Object.entries(exports.modules ?? {})) loaded.set(name, value);
  return { exports, keepCompiled: isNew ? () => write(file, script.createCachedData()) : () => undefined };
}

/** In a function of its own, so that the bytes that were read do not stay in memory. */
function compiled(file) {
  const source = `(function (${parameters}) {${readFileSync(file, "latin1")}\n})`;
  const data = readWhole(file);
  const script = new vm.Script(source, { filename: file, ...(data === undefined ? {} : { cachedData: data }) });
  return { script, isNew: data === undefined || script.cachedDataRejected === true };
}

function run(script, file, folder, loaded) {
  const module = { exports: {} };
  const nodeRequire = createRequire(file);
  // What is imported later is a script of its own, which may need those that are there.
  const require = (name) => (name.startsWith("./") ? loadOnce(path.join(folder, name), folder, loaded) : nodeRequire(name));
  script.runInThisContext()(module.exports, require, module, file, folder, pathToFileURL(file).href);
  return module.exports;
}

function loadOnce(file, folder, loaded) {
  const name = path.basename(file);
  const known = loaded.get(name);
  if (known !== undefined) return known;
  const source = `(function (${parameters}) {${readFileSync(file, "latin1")}\n})`;
  const exports = run(new vm.Script(source, { filename: file }), file, folder, loaded);
  loaded.set(name, exports);
  return exports;
}

const suffix = ".compiled";
/** Length and CRC-32 of the compiled form, and when and how large the script was written. */
const headerBytes = 32;

/** The file of the compiled form, named for the V8 that it is for. */
const keptFileOf = (file) => `${file}.${v8.cachedDataVersionTag().toString(16)}${suffix}`;

function write(file, data) {
  const keptFile = keptFileOf(file);
  try {
    removeOthers(file);
    writeFileSync(`${keptFile}.${process.pid}`, Buffer.concat([headerOf(data, file), data]));
    renameSync(`${keptFile}.${process.pid}`, keptFile);
  } catch {
    // A folder that may not be written costs each start the time to compile, and nothing else.
  }
}

/** Half a file, or the form of another text, is none. */
function readWhole(file) {
  let content;
  try {
    content = readFileSync(keptFileOf(file));
  } catch {
    return undefined;
  }
  const data = content.subarray(headerBytes);
  return content.subarray(0, headerBytes).equals(headerOf(data, file)) ? data : undefined;
}

function headerOf(data, file) {
  const { size, mtimeMs } = statSync(file);
  const header = Buffer.alloc(headerBytes);
  header.writeDoubleLE(data.length, 0);
  header.writeDoubleLE(zlib.crc32(data), 8);
  header.writeDoubleLE(size, 16);
  header.writeDoubleLE(mtimeMs, 24);
  return header;
}

function removeOthers(file) {
  const folder = path.dirname(file);
  for (const name of readdirSync(folder)) if (name.startsWith(path.basename(file)) && name.includes(suffix)) rmSync(path.join(folder, name));
}
