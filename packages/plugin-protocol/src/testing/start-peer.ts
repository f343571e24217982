import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { createAutoMtlsIdentity } from "../auto-mtls.js";
import type { LinkTarget } from "../grpc-link.js";
import { handshakeCookie, parseHandshake } from "../handshake.js";

/** A plugin process to open links to. */
export interface Peer {
  readonly target: LinkTarget;
  readonly process: ChildProcess;
  stop(): void;
}

/** Our own server, in a process of its own. */
export const startEchoPlugin = (secure: boolean): Promise<Peer> =>
  startPeer(process.execPath, ["--import", "tsx", "--conditions=source", join(import.meta.dirname, "echo-plugin.ts")], secure);

/** The executable of the Go test plugin; undefined where it was not built. */
export function goTestPlugin(): string | undefined {
  const built = join(import.meta.dirname, "../../../../.cache/tools/testplugin");
  const folder = process.env["DATAPLANE_TESTPLUGIN_DIR"] ?? built;
  const file = join(folder, "acme-testplugin-datasource", `gpx_testplugin_${process.platform}_${process.arch === "x64" ? "amd64" : process.arch}`);
  if (existsSync(file)) return file;
  console.warn(`skipped: the Go test plugin is not built (${file}); conformance/build-tools.sh builds it`);
  return undefined;
}

/** Starts a plugin as a host would, up to its handshake. */
export async function startPeer(file: string, args: readonly string[], secure: boolean): Promise<Peer> {
  const folder = mkdtempSync(join(tmpdir(), "peer-"));
  const identity = createAutoMtlsIdentity();
  const env: NodeJS.ProcessEnv = {
    PATH: process.env["PATH"],
    PLUGIN_UNIX_SOCKET_DIR: folder,
    PLUGIN_PROTOCOL_VERSIONS: "2",
    [handshakeCookie.name]: handshakeCookie.value,
    ...(secure ? { PLUGIN_CLIENT_CERT: identity.cert } : {}),
  };
  const child = spawn(file, args, { env, stdio: ["ignore", "pipe", "ignore"] });
  const [line] = (await once(createInterface(child.stdout), "line")) as [string];
  const { address, serverCert } = parseHandshake(line);
  const tls = serverCert === undefined ? {} : { tls: { key: identity.key, cert: identity.cert, serverCert } };
  return {
    target: { address, ...tls },
    process: child,
    stop: () => {
      child.kill("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
