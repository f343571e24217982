import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { isJsonObject, type Logger } from "@dataplane/meta";
import { processIdentity } from "./process-identity.js";

/** Prefix of the private folders that sockets lie in. */
export const socketFolderPrefix = "dpa-";

/**
 * Which plugin processes this host started, one file each in `<data>/run/plugins`. A host that dies cannot end its plugins, and they do
 * not notice: the next start does it, by these records.
 */
export class RunRecords {
  readonly #directory: string;

  constructor(dataDirectory: string) {
    this.#directory = join(dataDirectory, "run", "plugins");
  }

  /** An earlier process of the plugin, which may still be ending, keeps its record under another name. */
  write(pluginId: string, process: { readonly pid: number; readonly socketDirectory: string }): void {
    const identity = processIdentity(process.pid);
    // It has ended already: there is nobody to find again.
    if (identity === undefined) return;
    const record = { ...process, identity };
    const file = this.#file(pluginId);
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    const earlier = readRecord(file);
    if (earlier !== undefined) renameSync(file, this.#fileOfEarlier(pluginId, earlier.pid));
    writeFileSync(file, `${JSON.stringify(record)}\n`, { mode: 0o600 });
  }

  /** To be called when a process has ended. */
  forget(pluginId: string, pid: number): void {
    rmSync(this.#fileOfEarlier(pluginId, pid), { force: true });
    const file = this.#file(pluginId);
    if (readRecord(file)?.pid === pid) rmSync(file, { force: true });
  }

  /** Kills what an earlier host left running, if it is still the process that was recorded, and removes its socket folder. */
  reapOrphans(logger: Logger): void {
    for (const name of this.#names()) {
      const file = join(this.#directory, name);
      const record = readRecord(file);
      if (record !== undefined) reap(record, name.replace(/(~\d+)?\.json$/, ""), logger);
      rmSync(file, { force: true });
    }
  }

  #file(pluginId: string): string {
    return join(this.#directory, `${pluginId}.json`);
  }

  /** No plugin's id has a tilde. */
  #fileOfEarlier(pluginId: string, pid: number): string {
    return join(this.#directory, `${pluginId}~${pid}.json`);
  }

  #names(): readonly string[] {
    try {
      return readdirSync(this.#directory).filter((name) => name.endsWith(".json"));
    } catch {
      return [];
    }
  }
}

interface RunRecord {
  readonly pid: number;
  readonly socketDirectory: string;
  readonly identity: string;
}

function reap({ pid, identity, socketDirectory }: RunRecord, pluginId: string, logger: Logger): void {
  if (processIdentity(pid) === identity) {
    logger.warn({ plugin: pluginId, pid }, "ending a plugin that an earlier server left running");
    kill(pid, pluginId, logger);
  }
  // A record is only a file: remove nothing that cannot be a socket folder of ours.
  if (basename(socketDirectory).startsWith(socketFolderPrefix) && [tmpdir(), "/tmp"].includes(dirname(socketDirectory))) {
    rmSync(socketDirectory, { recursive: true, force: true });
  }
}

/** With what it started, where it has a group of its own. */
function kill(pid: number, pluginId: string, logger: Logger): void {
  for (const target of process.platform === "win32" ? [pid] : [-pid, pid]) {
    try {
      process.kill(target, "SIGKILL");
      return;
    } catch (error) {
      if (target === pid) logger.warn({ plugin: pluginId, pid, error: String(error) }, "the plugin could not be ended");
    }
  }
}

function readRecord(file: string): RunRecord | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(file, "utf8"));
    if (!isJsonObject(value)) return undefined;
    const { pid, identity, socketDirectory } = value;
    if (typeof pid !== "number" || pid < 2 || typeof identity !== "string" || typeof socketDirectory !== "string") return undefined;
    return { pid, identity, socketDirectory };
  } catch {
    return undefined;
  }
}
