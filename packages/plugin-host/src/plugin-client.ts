import {
  type CallOptions,
  codecs,
  GrpcCode,
  GrpcError,
  type GrpcLink,
  type MethodCodec,
  type PluginMethodName,
  type PluginMethods,
} from "@dataplane/plugin-protocol";
import type { PluginClient } from "./plugin.js";

/** The typed calls over a link. `onUnavailable` is told of each call that failed so, before its caller is. */
export function pluginClient(calls: GrpcLink, onUnavailable: () => void): PluginClient {
  const link = noticing(calls, onUnavailable);
  return {
    queryData: unary(link, codecs.queryData),
    queryChunkedData: stream(link, codecs.queryChunkedData),
    callResource: stream(link, codecs.callResource),
    checkHealth: unary(link, codecs.checkHealth),
    collectMetrics: unary(link, codecs.collectMetrics),
    subscribeStream: unary(link, codecs.subscribeStream),
    runStream: stream(link, codecs.runStream),
    publishStream: unary(link, codecs.publishStream),
    validateAdmission: unary(link, codecs.validateAdmission),
    mutateAdmission: unary(link, codecs.mutateAdmission),
    convertObjects: unary(link, codecs.convertObjects),
  };
}

function unary<M extends PluginMethodName>(link: GrpcLink, codec: MethodCodec<M>) {
  return (request: PluginMethods[M]["request"], options: CallOptions): Promise<PluginMethods[M]["response"]> => {
    // What cannot be encoded fails as any call does: by the promise.
    try {
      return link.unary(codec.path, codec.encodeRequest(request), options).then(codec.decodeResponse);
    } catch (thrown) {
      return Promise.reject(asError(thrown));
    }
  };
}

const asError = (thrown: unknown): Error => (thrown instanceof Error ? thrown : new Error(String(thrown)));

function stream<M extends PluginMethodName>(link: GrpcLink, codec: MethodCodec<M>) {
  return async function* (request: PluginMethods[M]["request"], options: CallOptions): AsyncGenerator<PluginMethods[M]["response"]> {
    for await (const message of link.serverStream(codec.path, codec.encodeRequest(request), options)) yield codec.decodeResponse(message);
  };
}

/** The same link, whose failures are noticed. */
function noticing(link: GrpcLink, onUnavailable: () => void): GrpcLink {
  const notice = (error: unknown): void => {
    if (error instanceof GrpcError && error.code === GrpcCode.Unavailable) onUnavailable();
  };
  return {
    unary: (method, request, options) =>
      link.unary(method, request, options).then(undefined, (error: unknown) => {
        notice(error);
        throw error;
      }),
    async *serverStream(method, request, options) {
      try {
        yield* link.serverStream(method, request, options);
      } catch (error) {
        notice(error);
        throw error;
      }
    },
    close: () => link.close(),
  };
}
