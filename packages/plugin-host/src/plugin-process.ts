import { realpathSync } from "node:fs";
import { dirname } from "node:path";
import type { Clock, Logger } from "@dataplane/meta";
import {
  createAutoMtlsIdentity,
  emptyCodec,
  GrpcCode,
  GrpcError,
  type GrpcLink,
  type Handshake,
  type LinkTarget,
  type OpenLink,
  processMethods,
  StdioChannel,
  stdioDataCodec,
} from "@dataplane/plugin-protocol";
import type { FoundPlugin } from "./find-plugins.js";
import { readHandshake, StartFailed } from "./handshake-line.js";
import { type PluginChild, spawnPlugin } from "./plugin-child.js";
import { pluginCommand } from "./plugin-command.js";
import { pluginEnvironment } from "./plugin-environment.js";
import { PluginLog } from "./plugin-log.js";
import { familyOf } from "./plugin-processes.js";
import { isServing } from "./process-health.js";
import { makeSocketDirectory, removeSocketDirectory } from "./socket-directory.js";

/** How long a plugin may take to end after it was asked to, before it is killed. */
const shutdownMs = 2000;

export interface StartOptions {
  readonly plugin: FoundPlugin;
  readonly link: OpenLink;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly serverVersion: string;
  /** Environment of the plugin's own. */
  readonly settings: Readonly<Record<string, string>>;
  /** From spawn to the handshake; the connection has 10 s after it. */
  readonly startTimeoutMs: number;
  /** Whether the plugin is offered TLS with certificates made for this one process; else it is plaintext, on its private socket alone. */
  readonly autoMtls: boolean;
  /** Told to Go's garbage collector; watched elsewhere. */
  readonly memoryLimitBytes?: number | undefined;
  /** Called as soon as the process runs, before it says anything. */
  readonly onSpawn: (process: { readonly pid: number; readonly socketDirectory: string }) => void;
}

/** One process of a plugin, with its link, until it ends. */
export interface PluginProcess {
  /** Undefined when it was attached to and its pid is not known. */
  readonly pid: number | undefined;
  /** It was there before: it is not this host's to end, whatever it does. */
  readonly isAttached: boolean;
  readonly link: GrpcLink;
  /** Where else it can be connected to, and how it is trusted. Holds a key. */
  readonly target: LinkTarget;
  /** What an operator should know of this process. */
  readonly note: string | undefined;
  /** Resolves with the way it ended, such as "exited with code 1" or "killed by SIGKILL". */
  readonly ended: Promise<string>;
  /** Whether the process answers its health check. Throws GrpcError when it cannot be asked. */
  isServing(signal: AbortSignal, timeoutMs: number): Promise<boolean>;
  /** Ids of the processes that it and what it started are now; none when the platform does not say, or it is not ours. */
  processes(): readonly number[];
  /** Ends it at once. Never throws. */
  kill(): void;
  /** Asks it to end, kills it after 2 s, and removes its socket. Never throws. */
  stop(): Promise<void>;
}

/** Starts a plugin and its link. Throws StartFailed, NoExecutable or HandshakeError with all cleaned up; the signal stops the start. */
export async function startPluginProcess(options: StartOptions, signal: AbortSignal): Promise<PluginProcess> {
  const { plugin, logger, clock } = options;
  const command = pluginCommand(plugin);
  const socketDirectory = makeSocketDirectory();
  const identity = options.autoMtls ? createAutoMtlsIdentity(clock.now()) : undefined;
  const log = new PluginLog(logger, clock);
  const mark = `PLUGIN_UNIX_SOCKET_DIR=${socketDirectory}\0`;
  const child = spawnPlugin(command, { cwd: plugin.directory, env: environment(options, socketDirectory, identity?.cert), mark });
  const { ended } = child;
  const cleaned = ended.then((how) => {
    removeSocketDirectory(socketDirectory);
    return how;
  });
  const stderr = log.sink("stderr");
  child.stderr.on("data", (data: Buffer) => stderr.push(data)).on("end", () => stderr.end());
  const limit = limitStart(child, options.startTimeoutMs, signal);
  try {
    if (child.pid === undefined) throw new StartFailed(await ended);
    options.onSpawn({ pid: child.pid, socketDirectory });
    const handshake = await readHandshake(child.stdout, limit.signal);
    limit.handshakeDone();
    const stdout = log.sink("stdout");
    child.stdout.on("data", (data: Buffer) => stdout.push(data)).on("end", () => stdout.end());
    const note = plaintextNote(handshake, socketDirectory, options.autoMtls);
    const target = linkTarget(handshake, identity);
    const link = await Promise.race([options.link(target, Math.min(options.startTimeoutMs, 10_000)), failAtEnd(ended)]);
    void drainStdio(link, log);
    return {
      pid: child.pid,
      isAttached: false,
      link,
      target,
      note,
      ended: cleaned,
      isServing: (it, timeoutMs) => isServing(link, it, timeoutMs),
      processes: familyOf(child.pid, mark),
      kill: () => child.kill(),
      stop: () => stopProcess(child, link, cleaned),
    };
  } catch (error) {
    child.kill();
    await cleaned;
    throw describe(limit.signal.aborted ? limit.signal.reason : error, await ended, log.tail());
  } finally {
    limit.release();
  }
}

interface StartLimit {
  /** Aborts when the start has taken too long or is to stop; the process is killed then. */
  readonly signal: AbortSignal;
  handshakeDone(): void;
  release(): void;
}

// Not AbortSignal.any with AbortSignal.timeout: on Node 20 the garbage collector may take the timeout away.
function limitStart(child: PluginChild, timeoutMs: number, stop: AbortSignal): StartLimit {
  const limit = new AbortController();
  const giveUp = (why: string): void => {
    limit.abort(new StartFailed(why));
    child.kill();
  };
  const timer = setTimeout(() => giveUp(`no handshake within ${timeoutMs / 1000} s`), timeoutMs);
  const stopped = (): void => giveUp("the start was stopped");
  stop.addEventListener("abort", stopped, { once: true });
  if (stop.aborted) stopped();
  return {
    signal: limit.signal,
    handshakeDone: () => clearTimeout(timer),
    release: () => {
      clearTimeout(timer);
      stop.removeEventListener("abort", stopped);
    },
  };
}

function environment(options: StartOptions, socketDirectory: string, clientCert: string | undefined): Record<string, string> {
  const { plugin, serverVersion, settings, memoryLimitBytes } = options;
  const env = pluginEnvironment({ host: process.env, serverVersion, pluginVersion: plugin.json.version, socketDirectory, clientCert, settings });
  // Go's collector works harder before the limit instead of growing over it (https://pkg.go.dev/runtime#hdr-Environment_Variables).
  return memoryLimitBytes === undefined ? env : { GOMEMLIMIT: String(Math.floor(memoryLimitBytes * 0.9)), ...env };
}

async function failAtEnd(ended: Promise<string>): Promise<never> {
  throw new StartFailed(await ended);
}

/** Plaintext is accepted where only this host can listen in; else it throws StartFailed. */
function plaintextNote({ serverCert, address }: Handshake, socketDirectory: string, wasOffered: boolean): string | undefined {
  if (serverCert !== undefined) return undefined;
  if (address.network === "unix" && realpathSync(dirname(address.path)) !== realpathSync(socketDirectory)) {
    throw new StartFailed("the plugin offered no certificate and listens outside the private folder it was given");
  }
  return wasOffered ? "plaintext: the plugin offered no certificate" : "plaintext: [plugins] auto_mtls is off";
}

function linkTarget({ serverCert, address }: Handshake, identity: ReturnType<typeof createAutoMtlsIdentity> | undefined): LinkTarget {
  if (serverCert === undefined) return { address };
  if (identity === undefined) throw new StartFailed("the plugin asks for TLS, which it was not offered: [plugins] auto_mtls is off");
  return { address, tls: { key: identity.key, cert: identity.cert, serverCert } };
}

function describe(error: unknown, how: string, tail: string): Error {
  if (!(error instanceof Error)) return new StartFailed(String(error));
  // Killed by us: then the error is the cause. Else its own end is.
  const ending = how === "killed by SIGKILL" || error.message === how ? "" : `: ${how}`;
  const said = tail === "" ? "" : ` (it said: ${tail})`;
  return new StartFailed(`${error.message}${ending}${said}`, { cause: error });
}

/** A plugin whose output nobody takes blocks in the end. Plugins without the service (old ones, other SDKs) print to their real stdout. */
async function drainStdio(link: GrpcLink, log: PluginLog): Promise<void> {
  const sinks = { [StdioChannel.STDOUT]: log.sink("stdout"), [StdioChannel.STDERR]: log.sink("stderr") };
  const { signal } = new AbortController();
  try {
    for await (const message of link.serverStream(processMethods.streamStdio, emptyCodec.encode({}), { signal })) {
      const { channel, data } = stdioDataCodec.decode(message);
      if (channel !== StdioChannel.INVALID) sinks[channel].push(data);
    }
  } catch {
    // Its end is the process's end, which is looked after elsewhere.
  }
}

async function stopProcess(child: PluginChild, link: GrpcLink, ended: Promise<string>): Promise<void> {
  const kill = setTimeout(() => child.kill(), shutdownMs);
  const { signal } = new AbortController();
  try {
    await link.unary(processMethods.shutdown, emptyCodec.encode({}), { signal, timeoutMs: shutdownMs });
  } catch (error) {
    // A plugin without the controller can only be killed; one that ends faster than it answers has done what it was asked.
    if (isUnimplemented(error)) child.kill();
  }
  await ended;
  clearTimeout(kill);
  link.close();
}

function isUnimplemented(error: unknown): boolean {
  return error instanceof GrpcError && error.code === GrpcCode.Unimplemented;
}
