import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { createAutoMtlsIdentity } from "./auto-mtls.js";
import { coreProtocolVersion, pluginProtocolVersion } from "./handshake.js";
import { hostServices } from "./host-services.js";
import { watchParent } from "./parent-watch.js";
import type { ServePluginOptions } from "./plugin-server.js";
import { pluginServices } from "./plugin-services.js";
import type { StdioCapture } from "./stdio-capture.js";

// As plugins of the Go SDK: a larger request is answered with ResourceExhausted.
const maxRequestBytes = 16 << 20;
/** How long calls in flight may take after a shutdown; the host kills after 2 s. */
const drainMs = 1000;

interface ServeGrpcOptions extends ServePluginOptions {
  readonly stdio: StdioCapture;
  /** Writes to the real stdout. */
  readonly print: (text: string) => void;
}

/** Listens, prints the handshake and serves on grpc-js until the host shuts the plugin down. */
export async function serveGrpc({ implementation, env, onShutdown, stdio, print }: ServeGrpcOptions): Promise<void> {
  // A Ctrl-C in the host's terminal reaches every process there; the host ends its plugins in order.
  process.on("SIGINT", ignore);
  const ended = new AbortController();
  const shutdown = new Promise<void>((resolve) => {
    ended.signal.addEventListener("abort", () => resolve(), { once: true });
  });
  const server = new Server({ "grpc.max_receive_message_length": maxRequestBytes, "grpc.max_send_message_length": -1 });
  for (const service of [pluginServices(implementation), hostServices({ stdio, shutdown: () => ended.abort(), ended: ended.signal })]) {
    server.addService(service.definition, service.handlers);
  }
  const { transport, certificate } = security(env["PLUGIN_CLIENT_CERT"]);
  const place = listeningPlace(env);
  const port = await bind(server, place.target, transport);
  // A host that died can end nobody: without it this process would run for ever.
  const hostIsGone = (): void => ended.abort();
  const forgetParent = watchParent(hostIsGone);
  for (const output of [process.stdout, process.stderr]) output.on("error", hostIsGone);
  const removeOnExit = (): void => place.remove();
  process.on("exit", removeOnExit);
  print(`${handshakeLine(place.announced(port), certificate, env)}\n`);
  await shutdown;
  try {
    await onShutdown?.();
  } finally {
    forgetParent();
    await stop(server);
    place.remove();
    process.off("exit", removeOnExit);
    process.off("SIGINT", ignore);
  }
}

const ignore = (): void => undefined;

function security(clientCert: string | undefined): { transport: ServerCredentials; certificate: string } {
  if (clientCert === undefined || clientCert === "") return { transport: ServerCredentials.createInsecure(), certificate: "" };
  const own = createAutoMtlsIdentity();
  const pair = { private_key: Buffer.from(own.key), cert_chain: Buffer.from(own.cert) };
  // Trusts exactly the host's certificate, and lets nobody in without it.
  const transport = ServerCredentials.createSsl(Buffer.from(clientCert), [pair], true);
  return { transport, certificate: Buffer.from(own.der).toString("base64").replaceAll("=", "") };
}

interface ListeningPlace {
  /** As grpc-js writes an address. */
  readonly target: string;
  /** Network and address of the handshake line. */
  announced(port: number): string;
  remove(): void;
}

function listeningPlace(env: NodeJS.ProcessEnv): ListeningPlace {
  if (process.platform === "win32") return { target: "127.0.0.1:0", announced: (port) => `tcp|127.0.0.1:${port}`, remove: ignore };
  const folder = env["PLUGIN_UNIX_SOCKET_DIR"];
  const path = join(folder === undefined || folder === "" ? tmpdir() : folder, `plugin${randomBytes(6).toString("hex")}`);
  return { target: `unix:${path}`, announced: () => `unix|${path}`, remove: () => rmSync(path, { force: true }) };
}

function handshakeLine(address: string, certificate: string, env: NodeJS.ProcessEnv): string {
  const line = [coreProtocolVersion, pluginProtocolVersion, address, "grpc", certificate].join("|");
  // Only a host that asks for it knows a seventh field. Ours says no: the broker has no connections to share.
  return (env["PLUGIN_MULTIPLEX_GRPC"] ?? "") === "" ? line : `${line}|false`;
}

function bind(server: Server, target: string, transport: ServerCredentials): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(target, transport, (error, port) => {
      if (error === null) resolve(port);
      else reject(error);
    });
  });
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const force = setTimeout(() => server.forceShutdown(), drainMs);
    server.tryShutdown(() => {
      clearTimeout(force);
      resolve();
    });
  });
}
