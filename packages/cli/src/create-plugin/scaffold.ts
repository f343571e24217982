import { chmod, mkdir, readdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { appFiles } from "./app-files.js";
import { dataSourceFiles } from "./datasource-files.js";
import type { PluginIdentity, ProjectFile } from "./plugin-identity.js";
import { projectFiles } from "./project-files.js";

/** Files of a project beside the SDK's own packages: `sdk` is what package.json says of them, by package name. */
export function filesOf(identity: PluginIdentity, sdk: Readonly<Record<string, string>>): readonly ProjectFile[] {
  return [...projectFiles(identity, sdk), ...(identity.type === "app" ? appFiles(identity) : dataSourceFiles(identity))];
}

/** Writes them. Throws for a file that is there already. */
export async function writeProject(folder: string, files: readonly ProjectFile[]): Promise<void> {
  for (const { path, text, isExecutable } of files) {
    const file = join(folder, ...path.split("/"));
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text, { flag: "wx" });
    if (isExecutable === true) await chmod(file, 0o755);
  }
}

/** Throws an Error for a folder with something in it, or for what is no folder. */
export async function requireEmpty(folder: string): Promise<void> {
  const found = await readdir(folder).catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  });
  if (found.length > 0) throw new Error(`${folder} is not empty: a new plugin gets a folder of its own`);
}
