import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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

  write(pluginId: string, process: { readonly pid: number; readonly socketDirectory: string }): void {
    const record = { ...process, identity: processIdentity(process.pid) };
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    writeFileSync(this.#file(pluginId), `${JSON.stringify(record)}\n`, { mode: 0o600 });
  }

  remove(pluginId: string): void {
    rmSync(this.#file(pluginId), { force: true });
  }

  /** Kills what an earlier host left running, if it is still the process that was recorded, and removes its socket folder. */
  reapOrphans(logger: Logger): void {
    for (const name of this.#names()) {
      const file = join(this.#directory, name);
      const record = readRecord(file);
      if (record !== undefined) reap(record, name.replace(/\.json$/, ""), logger);
      rmSync(file, { force: true });
    }
  }

  #file(pluginId: string): string {
    return join(this.#directory, `${pluginId}.json`);
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
    try {
      process.kill(pid, "SIGKILL");
    } catch (error) {
      logger.warn({ plugin: pluginId, pid, error: String(error) }, "the plugin could not be ended");
    }
  }
  // A record is only a file: remove nothing that cannot be a socket folder of ours.
  if (basename(socketDirectory).startsWith(socketFolderPrefix) && [tmpdir(), "/tmp"].includes(dirname(socketDirectory))) {
    rmSync(socketDirectory, { recursive: true, force: true });
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
