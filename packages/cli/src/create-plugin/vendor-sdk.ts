import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

/** What a plugin is built with, of this repository. The SDK needs the other two. */
const packages = ["frames", "plugin-protocol", "plugin-sdk"] as const;

/**
 * Packs the SDK's packages into `<project>/vendor`, so that a project anywhere has them without a registry. Returns what its package.json
 * says of them. Throws an Error when they are not built, or npm cannot pack them.
 */
export async function vendorSdk(root: string, project: string): Promise<Readonly<Record<string, string>>> {
  const unbuilt = packages.find((name) => !existsSync(join(root, "packages", name, "dist", "index.js")));
  if (unbuilt !== undefined) throw new Error(`packages/${unbuilt} is not built: run \`npm run build\` in ${root}`);
  const vendor = join(project, "vendor");
  await mkdir(vendor, { recursive: true });
  const folders = packages.map((name) => join(root, "packages", name));
  try {
    // On Windows npm is a script, which only a shell can run.
    const options = { cwd: vendor, shell: process.platform === "win32" };
    await promisify(execFile)("npm", ["pack", "--silent", "--ignore-scripts", "--pack-destination", vendor, ...folders], options);
  } catch (cause) {
    throw new Error("npm could not pack the SDK", { cause });
  }
  const entries = await Promise.all(folders.map((folder) => vendoredPackage(folder)));
  return Object.fromEntries(entries);
}

async function vendoredPackage(folder: string): Promise<readonly [string, string]> {
  // Our own file.
  const { name, version } = JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as { readonly name: string; readonly version: string };
  return [name, `file:vendor/${name.slice(1).replace("/", "-")}-${version}.tgz`];
}
