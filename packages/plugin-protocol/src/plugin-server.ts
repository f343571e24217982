import type { PluginMethods } from "./methods.js";

/** What a served call knows of its caller. */
export interface ServedCall {
  /** Aborts when the host cancels, its deadline passes, or the connection breaks. */
  readonly signal: AbortSignal;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The calls a plugin implements. A missing one is answered with Unimplemented. A thrown GrpcError keeps its code; anything else is Unknown. */
export type PluginImplementation = {
  readonly [M in keyof PluginMethods]?: PluginMethods[M]["kind"] extends "unary"
    ? (request: PluginMethods[M]["request"], call: ServedCall) => Promise<PluginMethods[M]["response"]>
    : (request: PluginMethods[M]["request"], call: ServedCall) => AsyncIterable<PluginMethods[M]["response"]>;
};

export interface ServePluginOptions {
  readonly implementation: PluginImplementation;
  readonly env: NodeJS.ProcessEnv;
  /** Called once on `GRPCController/Shutdown`, before the process ends; the socket file is removed after it. */
  readonly onShutdown?: () => Promise<void>;
}

/**
 * The plugin's side of the handshake of hashicorp/go-plugin: checks the cookie (else a notice on stderr and exit code 1), listens on
 * a unix socket in PLUGIN_UNIX_SOCKET_DIR or the temporary folder (TCP on loopback on Windows), with AutoMTLS when
 * PLUGIN_CLIENT_CERT is set, prints the one line, serves the implementation, health (`plugin`), stdio, broker and controller, ignores SIGINT.
 * Resolves when the host has shut it down.
 */
export type ServePlugin = (options: ServePluginOptions) => Promise<void>;
