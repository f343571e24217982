import { statSync } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { FoundPlugin } from "./find-plugins.js";
import { executableFile } from "./plugin-command.js";

/** The files that decide which process a plugin is, plugin.json first: when one changes, it is time for another. */
export function decidingFiles(plugin: Pick<FoundPlugin, "json" | "directory" | "root">): readonly string[] {
  const files = ["plugin.json", "MANIFEST.txt", "standalone.txt", "pid.txt"].map((name) => join(plugin.directory, name));
  try {
    return [...files, executableFile(plugin)];
  } catch {
    return files;
  }
}

/**
 * The state of a plugin as it was found: of its plugin.json when that was read, of its other files now. Were plugin.json looked at now too, one
 * that was written since would be taken for the one that was read, and never be obeyed.
 */
export function pluginStamp(plugin: FoundPlugin): string {
  const [, ...others] = decidingFiles(plugin);
  return `${plugin.jsonStamp}\n${stampOf(others)}`;
}

/** One text for the state of files and folders; it differs when one of them was written, replaced, made or removed. */
export const stampOf = (paths: readonly string[]): string => paths.map((path) => entry(path, stateOf(path))).join("\n");

/** The same, without holding up anybody when the disk is slow. */
export async function stampOfSlowly(paths: readonly string[]): Promise<string> {
  const entries = paths.map(async (path) => entry(path, await stat(path).catch(() => undefined)));
  return (await Promise.all(entries)).join("\n");
}

interface FileState {
  readonly ino: number;
  readonly size: number;
  readonly mtimeMs: number;
  readonly mode: number;
}

/** Undefined also for what cannot be looked at, such as a link that leads to itself. */
function stateOf(path: string): FileState | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

const entry = (path: string, state: FileState | undefined): string =>
  state === undefined ? `${path} -` : `${path} ${state.ino} ${state.size} ${state.mtimeMs} ${state.mode}`;
