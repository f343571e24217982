import { lstatSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { stampOf } from "./file-stamp.js";
import type { PluginProblem, PluginSignature } from "./plugin.js";
import { type PluginJson, PluginJsonError, parsePluginJson } from "./plugin-json.js";

/** A folder to look for plugins in, and how far what lies there is trusted before anybody looked at its signature. */
export interface PluginDirectory {
  readonly path: string;
  readonly signature: Extract<PluginSignature, "internal" | "unsigned">;
}

export interface FoundPlugin {
  readonly json: PluginJson;
  /** The folder of its plugin.json. */
  readonly directory: string;
  /** The configured folder that it was found under. */
  readonly root: string;
  readonly signature: PluginSignature;
  /** The state of plugin.json as it was before it was read: what is written later, even while it was read, has another. */
  readonly jsonStamp: string;
}

export interface Findings {
  readonly plugins: readonly FoundPlugin[];
  readonly problems: readonly PluginProblem[];
  /** Every folder that was looked into, or for: a plugin that comes or goes changes one of them. */
  readonly folders: readonly string[];
}

/** Real ones have some KB; what is larger is another file. */
const maxJsonBytes = 1 << 20;

/** Plugins lie in apps, which lie in a folder: deeper than this is something else. */
const maxDepth = 6;

/**
 * Looks for plugins in each folder and its subfolders: one with a plugin.json, or whose `dist` has one, which then counts. Plugins inside
 * plugins are found as well. Of two with the same id the first wins. Never throws: what cannot be used is a problem.
 */
export function findPlugins(directories: readonly PluginDirectory[]): Findings {
  const search = new Search();
  for (const { path, signature } of directories) search.visit(path, { root: path, signature, depth: 0 });
  return { plugins: [...search.found.values()], problems: search.problems, folders: search.folders };
}

interface Place {
  readonly root: string;
  readonly signature: PluginDirectory["signature"];
  readonly depth: number;
}

class Search {
  /** By id in lower case: what differs in case only is one file on some systems, and one name to people. */
  readonly found = new Map<string, FoundPlugin>();
  readonly problems: PluginProblem[] = [];
  readonly folders: string[] = [];
  // By real path: a link back up would otherwise lead round for ever.
  readonly #visited = new Set<string>();

  visit(directory: string, place: Place): void {
    this.folders.push(directory);
    try {
      const real = realpathSync(directory);
      if (this.#visited.has(real)) return;
      this.#visited.add(real);
      const built = join(directory, "dist");
      const home = isThere(join(built, "plugin.json")) ? built : directory;
      if (isThere(join(home, "plugin.json"))) this.#read(home, place);
      if (place.depth < maxDepth) for (const child of subfolders(home)) this.visit(join(home, child), { ...place, depth: place.depth + 1 });
    } catch (error) {
      // A configured folder that is not there holds no plugins; that is how a new server starts.
      if (place.depth > 0 || !isMissing(error)) this.#report(directory, undefined, messageOf(error));
    }
  }

  #read(directory: string, { root, signature }: Place): void {
    try {
      const jsonStamp = stampOf([join(directory, "plugin.json")]);
      const json = parsePluginJson(readPluginJson(directory));
      const first = this.found.get(json.id.toLowerCase());
      if (first === undefined) this.found.set(json.id.toLowerCase(), { json, directory, root, signature, jsonStamp });
      else if (first.json.id === json.id) this.#report(directory, json.id, `the same id as the plugin in ${first.directory}, which was found first`);
      else this.#report(directory, json.id, `its id differs only in case from that of the plugin in ${first.directory}, which was found first`);
    } catch (error) {
      this.#report(directory, error instanceof PluginJsonError ? error.pluginId : undefined, `plugin.json: ${messageOf(error)}`);
    }
  }

  #report(directory: string, pluginId: string | undefined, message: string): void {
    // One line: parsers quote what they read.
    this.problems.push({ directory, pluginId, message: message.replace(/\s+/g, " ") });
  }
}

/** The text of a folder's plugin.json. Throws PluginJsonError when it is no file of that folder, or too large. */
export function readPluginJson(directory: string): string {
  const file = join(directory, "plugin.json");
  const status = statSync(file);
  if (!status.isFile()) throw new PluginJsonError("not a file");
  if (!isWithin(realpathSync(directory), realpathSync(file))) throw new PluginJsonError("a link to a file outside the plugin's folder");
  if (status.size > maxJsonBytes) throw new PluginJsonError(`too large: ${status.size} bytes, of ${maxJsonBytes} allowed`);
  return readFileSync(file, "utf8");
}

/** Both paths real: whether `path` is below `directory`. */
export function isWithin(directory: string, path: string): boolean {
  const way = relative(directory, path);
  return way !== "" && way !== ".." && !way.startsWith(`..${sep}`);
}

function subfolders(directory: string): readonly string[] {
  return readdirSync(directory)
    .filter((name) => !name.startsWith(".") && name !== "node_modules" && isFolder(join(directory, name)))
    .sort((a, b) => (a < b ? -1 : 1));
}

/** Follows links; one that is broken or leads to itself is no folder. */
function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** Also as a link that leads nowhere: somebody meant it to be there. */
const isThere = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false }) !== undefined;
const isMissing = (error: unknown): boolean => error instanceof Error && "code" in error && error.code === "ENOENT";
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
