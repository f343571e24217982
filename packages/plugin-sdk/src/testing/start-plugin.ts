import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import {
  codecs,
  createAutoMtlsIdentity,
  emptyCodec,
  type GrpcLink,
  type Handshake,
  handshakeCookie,
  links,
  type PluginMethodName,
  type PluginMethods,
  parseHandshake,
  processMethods,
} from "@dataplane/plugin-protocol";

type MethodOf<Kind> = { [M in PluginMethodName]: PluginMethods[M]["kind"] extends Kind ? M : never }[PluginMethodName];

export interface TestCallOptions {
  readonly signal?: AbortSignal;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** A plugin process under test, reached over the real handshake. */
export interface RunningPlugin {
  readonly pid: number;
  /** Where it listens, for a test that speaks to it in its own way. */
  readonly address: Handshake["address"];
  /** A call with one answer. Throws GrpcError. */
  call<M extends MethodOf<"unary">>(
    method: M,
    request: PluginMethods[M]["request"],
    options?: TestCallOptions,
  ): Promise<PluginMethods[M]["response"]>;
  /** A call with many answers; stopping the iteration cancels it. Throws GrpcError. */
  stream<M extends MethodOf<"stream">>(
    method: M,
    request: PluginMethods[M]["request"],
    options?: TestCallOptions,
  ): AsyncIterable<PluginMethods[M]["response"]>;
  /** Each line of standard error so far. */
  readonly log: readonly string[];
  /** Asks it to end, as a host does; its exit code, null when it had to be killed. */
  stop(): Promise<number | null>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface StartOptions {
  /** The launcher: a JavaScript file, run by this very Node, or with `native` a program of its own, in any language. */
  readonly file: string;
  readonly native?: boolean;
  /** Options of Node itself. */
  readonly nodeOptions?: readonly string[];
  /** Both sides show certificates, as a careful host asks for. */
  readonly autoMtls?: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts a plugin as a host does. Throws HandshakeError, GrpcError, or an Error with what the process said before it ended. */
export async function startPlugin(options: StartOptions): Promise<RunningPlugin> {
  const socketDirectory = await mkdtemp(join(tmpdir(), "plugin-test-"));
  const own = options.autoMtls === true ? createAutoMtlsIdentity() : undefined;
  const [program, args] = options.native === true ? [options.file, []] : [process.execPath, [...(options.nodeOptions ?? []), options.file]];
  const child = spawn(program, args, {
    env: {
      [handshakeCookie.name]: handshakeCookie.value,
      PLUGIN_PROTOCOL_VERSIONS: "2",
      PLUGIN_UNIX_SOCKET_DIR: socketDirectory,
      ...(own === undefined ? {} : { PLUGIN_CLIENT_CERT: own.cert }),
      ...options.env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const log: string[] = [];
  createInterface({ input: child.stderr }).on("line", (line) => void log.push(line));
  const exited = once(child, "exit").then(([code]: readonly unknown[]) => (typeof code === "number" ? code : null));
  try {
    const handshake = parseHandshake(await firstLine(child.stdout, exited, log));
    const tls =
      own === undefined || handshake.serverCert === undefined ? undefined : { key: own.key, cert: own.cert, serverCert: handshake.serverCert };
    const link = await links["grpc-js"]({ address: handshake.address, ...(tls === undefined ? {} : { tls }) }, 5000);
    const stop = () => stopPlugin({ link, exited, kill: () => void child.kill("SIGKILL"), socketDirectory });
    return {
      pid: child.pid ?? 0,
      address: handshake.address,
      log,
      stop,
      [Symbol.asyncDispose]: async () => {
        await stop();
      },
      ...calls(link),
    };
  } catch (thrown) {
    child.kill("SIGKILL");
    await rm(socketDirectory, { recursive: true, force: true });
    throw thrown;
  }
}

function calls(link: GrpcLink): Pick<RunningPlugin, "call" | "stream"> {
  return {
    async call(method, request, { signal = new AbortController().signal, metadata = {} } = {}) {
      const { path, encodeRequest, decodeResponse } = codecs[method];
      return decodeResponse(await link.unary(path, encodeRequest(request), { signal, metadata, timeoutMs: 15_000 }));
    },
    async *stream(method, request, { signal = new AbortController().signal, metadata = {} } = {}) {
      const { path, encodeRequest, decodeResponse } = codecs[method];
      for await (const message of link.serverStream(path, encodeRequest(request), { signal, metadata })) yield decodeResponse(message);
    },
  };
}

async function firstLine(stdout: NodeJS.ReadableStream, exited: Promise<number | null>, log: readonly string[]): Promise<string> {
  const lines = createInterface({ input: stdout });
  const line = once(lines, "line").then(([text]: readonly unknown[]) => String(text));
  const early = exited.then((code) => {
    throw new Error(`the plugin ended with ${String(code)} before its handshake:\n${log.join("\n")}`);
  });
  // Once the line is there, the end of the process is no surprise.
  early.catch(() => undefined);
  return Promise.race([line, early]);
}

async function stopPlugin(options: {
  readonly link: GrpcLink;
  readonly exited: Promise<number | null>;
  readonly kill: () => void;
  readonly socketDirectory: string;
}): Promise<number | null> {
  const { link, exited, kill, socketDirectory } = options;
  const timer = setTimeout(kill, 3000);
  // It may be gone before it could answer.
  await link.unary(processMethods.shutdown, emptyCodec.encode({}), { signal: new AbortController().signal, timeoutMs: 2000 }).catch(() => undefined);
  const code = await exited;
  clearTimeout(timer);
  link.close();
  await rm(socketDirectory, { recursive: true, force: true });
  return code;
}
