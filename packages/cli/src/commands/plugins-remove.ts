import { mkdtemp, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { type Command, UsageError } from "../command.js";
import { pluginsFolder, pluginsFolderOptions, pluginsIn } from "../installed-plugins.js";

/** Takes a plugin away in one step; a running server ends its process. */
export const pluginsRemove: Command = {
  name: "plugins remove",
  parameters: "<id> [--plugins-dir FOLDER]",
  summary: "remove an installed plugin; a running server ends it",
  options: pluginsFolderOptions,
  async run(args, context) {
    const [id, ...rest] = args.positionals;
    if (id === undefined || rest.length > 0) throw new UsageError("name the id of one plugin");
    const folder = pluginsFolder(args, context);
    const plugin = pluginsIn(folder).plugins.find(({ json }) => json.id === id);
    if (plugin === undefined) throw new Error(`there is no plugin ${JSON.stringify(id)} in ${folder}`);
    const home = basename(plugin.directory) === "dist" ? dirname(plugin.directory) : plugin.directory;
    if (dirname(home) !== folder) throw new Error(`${id} lies inside another plugin, in ${home}: it goes with that one`);
    // Out of the server's sight first, for it would see a plugin that is half gone.
    const away = await mkdtemp(join(folder, ".removed-"));
    await rename(home, join(away, "plugin"));
    await rm(away, { recursive: true, force: true });
    context.stdout(`${id} is removed from ${folder}`);
    return 0;
  },
};
