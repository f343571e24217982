import { readFile, stat, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { pluginFiles } from "@dataplane/plugin-host";
import type { Command } from "../command.js";
import { pluginFolderOf } from "../plugin-folder.js";
import { writeZip, type ZipEntry } from "../zip/write-zip.js";

/** A plugin as one file that `plugins install` takes: the same folder gives the same bytes. */
export const pluginsPackage: Command = {
  name: "plugins package",
  parameters: "<folder> [--out FOLDER]",
  summary: "write <id>-<version>.zip, with MANIFEST.txt if the plugin is signed",
  options: { out: { type: "string", default: "." } },
  async run(args, { cwd, stdout }) {
    const { path, json } = pluginFolderOf(args, cwd);
    if (!/^[\w.+-]{1,64}$/.test(json.version)) throw new Error("plugin.json has no info.version that can be part of a file name");
    const files = await pluginFiles(path);
    const entries = await Promise.all(files.map((file) => entryOf(path, json.id, file)));
    const out = typeof args.values["out"] === "string" ? args.values["out"] : ".";
    const target = join(resolve(cwd, out), `${json.id}-${json.version}.zip`);
    await writeFile(target, writeZip(entries));
    stdout(`${target}: ${entries.length} files`);
    return 0;
  },
};

async function entryOf(folder: string, id: string, file: string): Promise<ZipEntry> {
  const path = join(folder, ...file.split("/"));
  const { mode } = await stat(path);
  return { path: `${id}/${file}`, content: await readFile(path), isExecutable: (mode & 0o100) !== 0 };
}
