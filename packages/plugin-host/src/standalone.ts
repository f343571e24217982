import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { LinkTarget } from "@dataplane/plugin-protocol";
import { parseHandshake } from "@dataplane/plugin-protocol";

/** A plugin that runs already, under somebody else's hands: a debugger, or a second terminal. */
export interface Standalone {
  readonly address: LinkTarget["address"];
  /** Undefined when nobody wrote it down. */
  readonly pid: number | undefined;
  /** "environment": an operator said so, and nothing else is to be started. "file": the plugin itself did, while it runs. */
  readonly from: "environment" | "file";
}

/**
 * Where the plugin runs by itself, by the rules of Grafana's plugin SDKs: GF_PLUGIN_GRPC_ADDRESS_<ID> in the environment, else
 * `standalone.txt` in the plugin's folder, with the process that wrote it in `pid.txt`; a pid that is gone makes the files void.
 * Undefined when it does not. Throws HandshakeError for an address that is not one on loopback: the connection has no TLS.
 */
export function standaloneOf(plugin: { readonly id: string; readonly directory: string }, env: NodeJS.ProcessEnv): Standalone | undefined {
  const configured = env[`GF_PLUGIN_GRPC_ADDRESS_${plugin.id.toUpperCase().replaceAll("-", "_")}`];
  if (configured !== undefined && configured !== "") return { address: addressOf(configured), pid: undefined, from: "environment" };
  const written = readText(join(plugin.directory, "standalone.txt"));
  if (written === "") return undefined;
  const pidText = readText(join(plugin.directory, "pid.txt"));
  if (pidText === "") return { address: addressOf(written), pid: undefined, from: "file" };
  const pid = Number(pidText);
  if (!Number.isInteger(pid) || !isRunning(pid)) return undefined;
  return { address: addressOf(written), pid, from: "file" };
}

/** Another user's process runs too. */
export function isRunning(pid: number): boolean {
  if (pid < 2) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** Go listens on every address when the host is left out. */
const addressOf = (text: string): LinkTarget["address"] => parseHandshake(`1|2|tcp|${text.startsWith(":") ? `127.0.0.1${text}` : text}|grpc`).address;

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8").slice(0, 1024).trim();
  } catch {
    return "";
  }
}
