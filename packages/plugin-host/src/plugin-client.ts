import { type CallOptions, codecs, type GrpcLink, type MethodCodec, type PluginMethodName, type PluginMethods } from "@dataplane/plugin-protocol";
import type { PluginClient } from "./plugin.js";

/** The typed calls over a link. */
export function pluginClient(link: GrpcLink): PluginClient {
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
  return async (request: PluginMethods[M]["request"], options: CallOptions): Promise<PluginMethods[M]["response"]> =>
    codec.decodeResponse(await link.unary(codec.path, codec.encodeRequest(request), options));
}

function stream<M extends PluginMethodName>(link: GrpcLink, codec: MethodCodec<M>) {
  return async function* (request: PluginMethods[M]["request"], options: CallOptions): AsyncGenerator<PluginMethods[M]["response"]> {
    for await (const message of link.serverStream(codec.path, codec.encodeRequest(request), options)) yield codec.decodeResponse(message);
  };
}
