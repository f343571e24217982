import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pluginCommand, pluginEnvironment } from "@dataplane/plugin-host";
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
import type { PluginFolder } from "../plugin-folder.js";

type MethodOf<Kind> = { [M in PluginMethodName]: PluginMethods[M]["kind"] extends Kind ? M : never }[PluginMethodName];

/** How long one call may take. */
export const callMs = 10_000;
const startMs = 30_000;

export interface CallWith {
  readonly signal?: AbortSignal;
}

/** A running process of the plugin, started as the host does. */
export interface PluginUnderTest {
  readonly pid: number;
  readonly firstLine: string;
  readonly handshake: Handshake;
  readonly link: GrpcLink;
  /** Where it was told to listen. */
  readonly socketDirectory: string;
  /** How it ended; undefined while it runs. */
  end(): string | undefined;
  /** Resolves with the way it ended. */
  readonly ended: Promise<string>;
  call<M extends MethodOf<"unary">>(method: M, request: PluginMethods[M]["request"], options?: CallWith): Promise<PluginMethods[M]["response"]>;
  stream<M extends MethodOf<"stream">>(
    method: M,
    request: PluginMethods[M]["request"],
    options?: CallWith,
  ): AsyncIterable<PluginMethods[M]["response"]>;
  /** Kills what is left of it and removes its folder. Never throws. */
  release(): Promise<void>;
}

export interface StartWith {
  readonly folder: PluginFolder;
  /** False: as somebody who is no host starts it. */
  readonly cookie?: boolean;
}

/** Its process, before it has said anything. */
export async function spawnPlugin({ folder, cookie = true }: StartWith) {
  const socketDirectory = await mkdtemp(join(tmpdir(), "plugin-test-"));
  const identity = createAutoMtlsIdentity();
  const command = pluginCommand({ json: folder.json, directory: folder.path, root: folder.path });
  const env = pluginEnvironment({
    host: process.env,
    serverVersion: "12.0.0",
    pluginVersion: folder.json.version,
    socketDirectory,
    clientCert: identity.cert,
    settings: {},
  });
  if (!cookie) env[handshakeCookie.name] = "";
  const child = spawn(command.file, [...command.args], { cwd: folder.path, env, stdio: ["ignore", "pipe", "pipe"] });
  const ended = endOf(child);
  const said: string[] = [];
  // Drained for good: a plugin whose output nobody takes blocks in the end.
  createInterface({ input: child.stderr }).on("line", (line) => {
    if (said.length < 50) said.push(line);
  });
  const lines = createInterface({ input: child.stdout });
  const firstLine = once(lines, "line").then(([line]: readonly unknown[]) => String(line));
  firstLine.catch(() => undefined);
  const release = async (): Promise<void> => {
    child.kill("SIGKILL");
    await ended;
    await rm(socketDirectory, { recursive: true, force: true });
  };
  return { child, ended, said, firstLine, identity, socketDirectory, release };
}

/** Starts the plugin and opens the link. Throws an Error that says what it did in place of a handshake. */
export async function startPlugin(options: StartWith): Promise<PluginUnderTest> {
  const spawned = await spawnPlugin(options);
  const { child, ended, said, identity, socketDirectory } = spawned;
  let how: string | undefined;
  void ended.then((it) => {
    how = it;
  });
  try {
    const firstLine = await firstOf(spawned.firstLine, ended, said);
    const handshake = parseHandshake(firstLine);
    const { serverCert, address } = handshake;
    const tls = serverCert === undefined ? {} : { tls: { key: identity.key, cert: identity.cert, serverCert } };
    const link = await links.native({ address, ...tls }, callMs);
    void drainStdio(link);
    const release = async (): Promise<void> => {
      link.close();
      await spawned.release();
    };
    return { pid: child.pid ?? 0, firstLine, handshake, link, socketDirectory, end: () => how, ended, release, ...calls(link) };
  } catch (thrown) {
    await spawned.release();
    throw thrown;
  }
}

/** The first line, or why there is none. */
async function firstOf(line: Promise<string>, ended: Promise<string>, said: readonly string[]): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it printed no line within ${startMs / 1000} s`)), startMs);
  });
  const early = ended.then((how) => {
    throw new Error(`it ${how} before its handshake${said.length === 0 ? "" : ` (it said: ${said.slice(-3).join(" / ")})`}`);
  });
  try {
    return await Promise.race([line, late, early]);
  } finally {
    clearTimeout(timer);
    early.catch(() => undefined);
  }
}

function calls(link: GrpcLink): Pick<PluginUnderTest, "call" | "stream"> {
  return {
    async call(method, request, { signal = new AbortController().signal } = {}) {
      const { path, encodeRequest, decodeResponse } = codecs[method];
      return decodeResponse(await link.unary(path, encodeRequest(request), { signal, timeoutMs: callMs }));
    },
    async *stream(method, request, { signal = new AbortController().signal } = {}) {
      const { path, encodeRequest, decodeResponse } = codecs[method];
      for await (const message of link.serverStream(path, encodeRequest(request), { signal, timeoutMs: callMs })) yield decodeResponse(message);
    },
  };
}

function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once("error", (error) => {
      if (child.pid === undefined) resolve(`could not be started: ${error.message}`);
    });
    child.once("exit", (code, signal) => resolve(signal === null ? `exited with code ${code ?? 0}` : `was killed by ${signal}`));
  });
}

async function drainStdio(link: GrpcLink): Promise<void> {
  try {
    const { signal } = new AbortController();
    for await (const _ of link.serverStream(processMethods.streamStdio, emptyCodec.encode({}), { signal }));
  } catch {
    // A plugin without the service prints to its real stdout, which is read as well.
  }
}
