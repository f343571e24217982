import { PluginUnavailable } from "@dataplane/plugin-host";
import { type CallOptions, GrpcCode, GrpcError, type GrpcLink } from "@dataplane/plugin-protocol";
import { PeerAway } from "./peer-away.js";
import type { Peer } from "./peers.js";

/** Calls to a plugin that runs at another server, which passes them on to its own process and to nobody else. */
export function peerLink(peer: Peer, pluginId: string): GrpcLink {
  async function* serverStream(method: string, request: Uint8Array, { signal, timeoutMs, metadata }: CallOptions): AsyncGenerator<Uint8Array> {
    const args = { plugin: pluginId, method, ...(timeoutMs === undefined ? {} : { timeoutMs }), metadata: { ...metadata } };
    try {
      yield* peer.ask({ operation: "call", args, payload: request, signal });
    } catch (thrown) {
      throw signal.aborted ? new GrpcError(GrpcCode.Canceled, "the call was given up", { cause: thrown }) : linkError(thrown, pluginId);
    }
  }
  return {
    serverStream,
    async unary(method, request, options) {
      for await (const message of serverStream(method, request, options)) return message;
      throw new GrpcError(GrpcCode.Internal, "the plugin answered nothing");
    },
    close: () => undefined,
  };
}

/** The first of these servers that can be reached; a call that was begun at one is not begun again at another. */
export function firstReachable(links: readonly GrpcLink[]): GrpcLink {
  async function* serverStream(method: string, request: Uint8Array, options: CallOptions): AsyncGenerator<Uint8Array> {
    for (const [index, link] of links.entries()) {
      try {
        yield* link.serverStream(method, request, options);
        return;
      } catch (thrown) {
        if (index === links.length - 1 || !isServerAway(thrown)) throw thrown;
      }
    }
  }
  return {
    serverStream,
    async unary(method, request, options) {
      for await (const message of serverStream(method, request, options)) return message;
      throw new GrpcError(GrpcCode.Internal, "the plugin answered nothing");
    },
    close: () => undefined,
  };
}

const serverAway = "ServerAway";
/** Nothing was sent to it. */
const isServerAway = (thrown: unknown): boolean => thrown instanceof PluginUnavailable && thrown.reason === serverAway;

function linkError(thrown: unknown, pluginId: string): unknown {
  if (!(thrown instanceof PeerAway)) return thrown;
  if (!thrown.isUnsent) return new GrpcError(GrpcCode.Unavailable, thrown.message, { cause: thrown });
  return new PluginUnavailable({
    pluginId,
    reason: serverAway,
    message: `the server that has it cannot be reached: ${thrown.message}`,
    retryAfterSeconds: 1,
  });
}
