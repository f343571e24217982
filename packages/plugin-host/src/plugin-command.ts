import { closeSync, openSync, readSync, realpathSync, statSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { type FoundPlugin, isWithin } from "./find-plugins.js";

/** What to run for a plugin. */
export interface PluginCommand {
  readonly file: string;
  readonly args: readonly string[];
}

/** There is nothing to run; the message says what was looked for. */
export class NoExecutable extends Error {
  override readonly name = "NoExecutable";
}

/** The running platform in Go's names, which plugins' files are called by. */
export interface Platform {
  readonly goos: string;
  readonly goarch: string;
}

const goosNames: Readonly<Record<string, string>> = { win32: "windows" };
const goarchNames: Readonly<Record<string, string>> = { x64: "amd64", ia32: "386", arm64: "arm64", arm: "arm" };

export const currentPlatform: Platform = {
  goos: goosNames[process.platform] ?? process.platform,
  goarch: goarchNames[process.arch] ?? process.arch,
};

/**
 * The command of a plugin on a platform: `<executable>_<goos>_<goarch>`, with `.exe` on Windows where that exists. A file whose shebang
 * names node is run by this very Node, so that neither PATH nor an executable bit matters. Throws NoExecutable.
 */
export function pluginCommand(plugin: Pick<FoundPlugin, "json" | "directory" | "root">, platform: Platform = currentPlatform): PluginCommand {
  const file = executableFile(plugin, platform);
  if (!statSync(file, { throwIfNoEntry: false })?.isFile()) throw new NoExecutable(`no executable for this platform: ${file} is not there`);
  const real = realpathSync(file);
  // A plugin's folder may be a link (to where it is being written), the file itself may not lead away from it.
  if (!isWithin(realpathSync(plugin.root), real) && !isWithin(realpathSync(dirname(file)), real)) {
    throw new NoExecutable("the executable is a link to a file outside the plugin's folder");
  }
  return namesNode(firstLine(file)) ? { file: process.execPath, args: [file] } : { file, args: [] };
}

/** Where the platform's executable is, or would be. Throws NoExecutable when there can be none. */
export function executableFile(plugin: Pick<FoundPlugin, "json" | "directory" | "root">, platform: Platform = currentPlatform): string {
  const { executable } = plugin.json;
  if (executable === undefined) throw new NoExecutable("plugin.json has backend: true, but no executable");
  const base = resolve(plugin.directory, `${executable}_${platform.goos}_${platform.goarch}`);
  // A plugin in an app may share the app's executable, but nothing outside the folder of plugins is a plugin's.
  if (relative(plugin.root, base).startsWith("..")) throw new NoExecutable("the executable lies outside the folder of plugins");
  if (platform.goos !== "windows") return base;
  const named = `${base}.exe`;
  return statSync(base, { throwIfNoEntry: false })?.isFile() && !statSync(named, { throwIfNoEntry: false })?.isFile() ? base : named;
}

function firstLine(file: string): string {
  const start = Buffer.alloc(128);
  const descriptor = openSync(file, "r");
  try {
    const length = readSync(descriptor, start, 0, start.length, 0);
    return start.toString("latin1", 0, length).split("\n", 1)[0] ?? "";
  } finally {
    closeSync(descriptor);
  }
}

function namesNode(line: string): boolean {
  return line.startsWith("#!") && line.slice(2).split(/[\s/]/).includes("node");
}
