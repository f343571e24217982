import type { CallOptions, PluginMethodName, PluginMethods } from "@dataplane/plugin-protocol";
import type { PluginJson } from "./plugin-json.js";

/** The typed calls of one running plugin, over whatever link was opened to it. Each throws GrpcError. */
export type PluginClient = {
  readonly [M in PluginMethodName]: PluginMethods[M]["kind"] extends "unary"
    ? (request: PluginMethods[M]["request"], options: CallOptions) => Promise<PluginMethods[M]["response"]>
    : (request: PluginMethods[M]["request"], options: CallOptions) => AsyncIterable<PluginMethods[M]["response"]>;
};

/** The last try to go over to what changed on disk, or was asked for. */
export interface PluginReload {
  /** ReloadFailed: the process from before goes on; `message` says why the new one did not take its place. */
  readonly outcome: "Reloaded" | "ReloadFailed";
  readonly message: string;
  readonly at: Date;
}

/**
 * Life of a plugin's process. `reason` is one word for a condition: Starting, Running, Crashed, OOM, HealthCheckFailed, BackOff,
 * CrashLoopBackOff, GaveUp, NoExecutable, Stopping, Stopped.
 */
export interface PluginState {
  readonly phase: "starting" | "running" | "backoff" | "failed" | "stopped";
  readonly reason: string;
  readonly message: string;
  /** When this phase began. */
  readonly since: Date;
  /** Process starts after the first one. */
  readonly restarts: number;
  readonly pid: number | undefined;
  /** Something an operator should know, such as "plaintext: the plugin offered no certificate". */
  readonly note: string | undefined;
  /** Undefined when there was none in this host's life. */
  readonly reload?: PluginReload | undefined;
}

/**
 * "internal": shipped with this server. "valid": signed by a trusted key, and nothing was changed since. "unsigned": loads only by
 * configuration. "modified" and "invalid" never load: the files are not those that were signed; or the signature is false.
 */
export type PluginSignature = "internal" | "valid" | "invalid" | "modified" | "unsigned";

/** One plugin that was found on disk. The data plane sees nothing else of a plugin. */
export interface Plugin {
  readonly id: string;
  readonly json: PluginJson;
  readonly directory: string;
  readonly signature: PluginSignature;
  readonly state: PluginState;
  /**
   * The client of the running process. While it is starting (also after a crash, in its first back-off) it waits, at most
   * `[plugins] start_wait` (10 s). Throws PluginUnavailable, at once when the plugin is known to be down.
   */
  client(signal: AbortSignal): Promise<PluginClient>;
  /**
   * A new process, from what is on disk now, takes the place of the old one as soon as it is ready; calls in flight finish in the old one.
   * Also starts a plugin that is down or was given up. Rejects with why it did not come up: then the old process, if any, goes on.
   */
  restart(): Promise<void>;
}

/** The plugin cannot be called now; `retryAfterSeconds` says when it is worth trying. */
export class PluginUnavailable extends Error {
  override readonly name = "PluginUnavailable";
  readonly pluginId: string;
  readonly reason: string;
  readonly retryAfterSeconds: number;

  constructor(options: { readonly pluginId: string; readonly reason: string; readonly message: string; readonly retryAfterSeconds: number }) {
    super(options.message);
    this.pluginId = options.pluginId;
    this.reason = options.reason;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

/** The plugins of this process, or of the process that this one is a worker of. */
export interface PluginSource {
  get(id: string): Plugin | undefined;
  list(): readonly Plugin[];
  /** Calls back after a plugin was found, changed its state or went away; returns the way to stop that. */
  onChange(listener: (pluginId: string) => void): () => void;
}

/** A plugin folder that could not be used, and why: shown at start and in logs, never fatal. */
export interface PluginProblem {
  readonly directory: string;
  readonly pluginId: string | undefined;
  readonly message: string;
  /** One word for a condition, where there is one for the case. */
  readonly reason?: "SignatureInvalid" | "Unsigned";
}
