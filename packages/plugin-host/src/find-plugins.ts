import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { join } from "node:path";
import type { PluginProblem, PluginSignature } from "./plugin.js";
import { type PluginJson, PluginJsonError, parsePluginJson } from "./plugin-json.js";

/** A folder to look for plugins in, and how far what lies there is trusted. */
export interface PluginDirectory {
  readonly path: string;
  readonly signature: PluginSignature;
}

export interface FoundPlugin {
  readonly json: PluginJson;
  /** The folder of its plugin.json. */
  readonly directory: string;
  /** The configured folder that it was found under. */
  readonly root: string;
  readonly signature: PluginSignature;
}

export interface Findings {
  readonly plugins: readonly FoundPlugin[];
  readonly problems: readonly PluginProblem[];
}

/** Plugins lie in apps, which lie in a folder: deeper than this is something else. */
const maxDepth = 6;

/**
 * Looks for plugins in each folder and its subfolders: one with a plugin.json, or whose `dist` has one, which then counts. Plugins inside
 * plugins are found as well. Of two with the same id the first wins. Never throws: what cannot be used is a problem.
 */
export function findPlugins(directories: readonly PluginDirectory[]): Findings {
  const search = new Search();
  for (const { path, signature } of directories) search.visit(path, { root: path, signature, depth: 0 });
  return { plugins: [...search.found.values()], problems: search.problems };
}

interface Place {
  readonly root: string;
  readonly signature: PluginSignature;
  readonly depth: number;
}

class Search {
  readonly found = new Map<string, FoundPlugin>();
  readonly problems: PluginProblem[] = [];
  // By real path: a link back up would otherwise lead round for ever.
  readonly #visited = new Set<string>();

  visit(directory: string, place: Place): void {
    try {
      const real = realpathSync(directory);
      if (this.#visited.has(real)) return;
      this.#visited.add(real);
      const built = join(directory, "dist");
      const home = existsSync(join(built, "plugin.json")) ? built : directory;
      if (existsSync(join(home, "plugin.json"))) this.#read(home, place);
      if (place.depth < maxDepth) for (const child of subfolders(home)) this.visit(join(home, child), { ...place, depth: place.depth + 1 });
    } catch (error) {
      // A configured folder that is not there holds no plugins; that is how a new server starts.
      if (place.depth > 0 || !isMissing(error)) this.#report(directory, undefined, messageOf(error));
    }
  }

  #read(directory: string, { root, signature }: Place): void {
    try {
      const json = parsePluginJson(readFileSync(join(directory, "plugin.json"), "utf8"));
      const first = this.found.get(json.id);
      if (first === undefined) this.found.set(json.id, { json, directory, root, signature });
      else this.#report(directory, json.id, `the same id as the plugin in ${first.directory}, which was found first`);
    } catch (error) {
      this.#report(directory, error instanceof PluginJsonError ? error.pluginId : undefined, `plugin.json: ${messageOf(error)}`);
    }
  }

  #report(directory: string, pluginId: string | undefined, message: string): void {
    this.problems.push({ directory, pluginId, message });
  }
}

function subfolders(directory: string): readonly string[] {
  return readdirSync(directory)
    .filter((name) => !name.startsWith(".") && name !== "node_modules" && isFolder(join(directory, name)))
    .sort((a, b) => (a < b ? -1 : 1));
}

// Follows links; a broken one is no folder.
const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
const isMissing = (error: unknown): boolean => error instanceof Error && "code" in error && error.code === "ENOENT";
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
