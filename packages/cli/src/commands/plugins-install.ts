import { existsSync, readdirSync, statSync } from "node:fs";
import { chmod, copyFile, mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { type FoundPlugin, pluginFiles } from "@dataplane/plugin-host";
import { type Command, type CommandArguments, type CommandContext, UsageError } from "../command.js";
import { pluginsFolder, pluginsFolderOptions, pluginsIn, signatureOf } from "../installed-plugins.js";
import { extractZip } from "../zip/extract-zip.js";

/**
 * Puts a plugin where the server looks for plugins, in one step: a server that runs sees the old one or the new one, and goes over to it
 * without a failed query.
 */
export const pluginsInstall: Command = {
  name: "plugins install",
  parameters: "<zip or folder> [--plugins-dir FOLDER] [--trusted-key FILE ...]",
  summary: "check a plugin and install it, or another version of it",
  options: pluginsFolderOptions,
  async run(args, context) {
    const [given, ...rest] = args.positionals;
    if (given === undefined || rest.length > 0) throw new UsageError("name one zip or folder");
    const source = resolve(context.cwd, given);
    if (!existsSync(source)) throw new UsageError(`${source} is not there`);
    const folder = pluginsFolder(args, context);
    await mkdir(folder, { recursive: true });
    // Hidden, so that no server looks into it; beside its place, so that it can be moved there at once.
    const staging = await mkdtemp(join(folder, ".install-"));
    try {
      const unpacked = join(staging, "new");
      await mkdir(unpacked);
      if (statSync(source).isDirectory()) await copyFolder(source, unpacked);
      else await extractZip(source, unpacked);
      const plugin = await soundPlugin(unpacked, args, context);
      await makeExecutable(plugin);
      const replaced = await putInPlace(plugin, { folder, staging, unpacked });
      const { id, version } = plugin.json;
      context.stdout(`${id} ${version} is ${replaced ? "replaced" : "installed"} in ${join(folder, id)}`);
      return 0;
    } finally {
      await rm(staging, { recursive: true, force: true });
    }
  },
};

/** Files only, none through a link that leads out. */
async function copyFolder(source: string, target: string): Promise<void> {
  const built = join(source, "dist");
  const home = existsSync(join(built, "plugin.json")) ? built : source;
  for (const file of await pluginFiles(home)) {
    await mkdir(dirname(join(target, file)), { recursive: true });
    await copyFile(join(home, file), join(target, file));
  }
}

/** The plugin that was unpacked, at the top or in the one folder there is. Throws when it is none, or is not what was signed. */
async function soundPlugin(unpacked: string, args: CommandArguments, context: CommandContext): Promise<FoundPlugin> {
  const { plugins, problems } = pluginsIn(unpacked);
  const names = readdirSync(unpacked);
  const home = existsSync(join(unpacked, "plugin.json")) || names.length !== 1 ? unpacked : join(unpacked, names[0] ?? "");
  const plugin = plugins.find(({ directory }) => directory === home || directory === join(home, "dist"));
  if (problems[0] !== undefined) throw new Error(`not a plugin: ${problems[0].message}`);
  if (plugin === undefined) throw new Error("not a plugin: there is no plugin.json");
  const { signature, message } = await signatureOf(plugin, args, context);
  if (signature === "modified" || signature === "invalid") throw new Error(`the plugin's signature is ${signature}: ${message}`);
  if (signature === "unsigned") {
    const why = message === "" ? "" : ` (${message})`;
    context.stderr(`${plugin.json.id} is unsigned${why}: a server loads it only by [plugins] allow_loading_unsigned_plugins, or in development`);
  }
  return plugin;
}

/** Archives made on Windows know no executable files. */
async function makeExecutable({ json, directory }: FoundPlugin): Promise<void> {
  const { executable } = json;
  if (executable === undefined) return;
  const folder = dirname(join(directory, executable));
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) if (name.startsWith(`${basename(executable)}_`)) await chmod(join(folder, name), 0o755);
}

interface Places {
  readonly folder: string;
  readonly staging: string;
  readonly unpacked: string;
}

/** True when another version was there. Throws, with everything as it was, when it cannot be put there. */
async function putInPlace({ json: { id }, directory }: FoundPlugin, { folder, staging, unpacked }: Places): Promise<boolean> {
  const clash = readdirSync(folder).find((name) => name.toLowerCase() === id.toLowerCase() && name !== id);
  if (clash !== undefined) throw new Error(`${join(folder, clash)} is there already, with a name that differs in case only`);
  const target = join(folder, id);
  const elsewhere = pluginsIn(folder).plugins.find(({ json }) => json.id.toLowerCase() === id.toLowerCase());
  if (elsewhere !== undefined && elsewhere.directory !== target && elsewhere.directory !== join(target, "dist")) {
    throw new Error(`${id} is there already, in ${elsewhere.directory}: remove it first`);
  }
  const home = directory === unpacked || basename(directory) !== "dist" ? directory : dirname(directory);
  const before = join(staging, "before");
  const wasThere = existsSync(target);
  if (wasThere) await rename(target, before);
  try {
    await rename(home, target);
  } catch (thrown) {
    if (wasThere) await rename(before, target);
    throw thrown;
  }
  return wasThere;
}
