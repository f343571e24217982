import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { type PluginJson, parsePluginJson, readPluginJson } from "@dataplane/plugin-host";
import { type CommandArguments, UsageError } from "./command.js";

/** A plugin on disk. */
export interface PluginFolder {
  /** Of its plugin.json. */
  readonly path: string;
  readonly json: PluginJson;
}

/** The one plugin that a command is given: a folder with plugin.json, or a project whose `dist` has it. Throws UsageError, PluginJsonError. */
export function pluginFolderOf({ positionals }: CommandArguments, cwd: string): PluginFolder {
  const [given, ...rest] = positionals;
  if (given === undefined || rest.length > 0) throw new UsageError("name one plugin folder");
  const folder = resolve(cwd, given);
  const built = join(folder, "dist");
  const path = existsSync(join(built, "plugin.json")) ? built : folder;
  if (!existsSync(join(path, "plugin.json"))) throw new UsageError(`${folder} has no plugin.json`);
  return { path, json: parsePluginJson(readPluginJson(path)) };
}
