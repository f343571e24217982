import { createHash } from "node:crypto";
import { createReadStream, type Dirent } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { isWithin } from "./find-plugins.js";

const maxFiles = 20_000;
const maxDepth = 32;

/** A file in a plugin's folder that no plugin may have: a link that leads out of it, or something that is no file. */
export class ForeignFile extends Error {
  override readonly name = "ForeignFile";
}

/**
 * Every file below the folder, as paths with slashes, sorted. Links to files of the folder itself are files; a link to a folder in it is
 * left out, since what it leads to is listed anyway. Throws ForeignFile, or when there are absurdly many.
 */
export async function pluginFiles(directory: string): Promise<readonly string[]> {
  const root = await realpath(directory);
  const files: string[] = [];
  await collect({ root, files }, "", 0);
  return files.sort((a, b) => (a < b ? -1 : 1));
}

interface Walk {
  readonly root: string;
  readonly files: string[];
}

async function collect(walk: Walk, below: string, depth: number): Promise<void> {
  if (depth > maxDepth) throw new ForeignFile(`folders lie deeper than ${maxDepth} in each other`);
  for (const found of await readdir(join(walk.root, below), { withFileTypes: true })) {
    const path = below === "" ? found.name : `${below}/${found.name}`;
    if (found.isDirectory()) await collect(walk, path, depth + 1);
    else if (await isOwnFile(walk.root, path, found)) walk.files.push(path);
    if (walk.files.length > maxFiles) throw new ForeignFile(`more than ${maxFiles} files`);
  }
}

async function isOwnFile(root: string, path: string, found: Dirent): Promise<boolean> {
  if (found.isFile()) return true;
  if (!found.isSymbolicLink()) throw new ForeignFile(`${path} is neither a file nor a folder`);
  const target = await realpath(join(root, path)).catch(() => undefined);
  if (target === undefined || !isWithin(root, target)) throw new ForeignFile(`${path} is a link that leads out of the plugin's folder`);
  return (await stat(target)).isFile();
}

/** SHA-256 in hex, as `sha256sum` prints it. */
export async function sha256Of(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return hash.digest("hex");
}
