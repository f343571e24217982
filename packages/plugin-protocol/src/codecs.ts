import { type Codec, codec } from "./codec.js";
import { pluginv2 } from "./gen/wire.js";
import type { PluginMethodName, PluginMethods } from "./methods.js";

/** How one method of the protocol is called: its full gRPC name, the shape of its answer, and its messages. */
export interface MethodCodec<M extends PluginMethodName> {
  readonly path: string;
  readonly kind: PluginMethods[M]["kind"];
  readonly encodeRequest: (request: PluginMethods[M]["request"]) => Uint8Array;
  readonly decodeRequest: (bytes: Uint8Array) => PluginMethods[M]["request"];
  readonly encodeResponse: (response: PluginMethods[M]["response"]) => Uint8Array;
  readonly decodeResponse: (bytes: Uint8Array) => PluginMethods[M]["response"];
}

function method<M extends PluginMethodName>(kind: PluginMethods[M]["kind"], path: string, request: string, response: string): MethodCodec<M> {
  const requests: Codec<PluginMethods[M]["request"]> = codec(pluginv2, request);
  const responses: Codec<PluginMethods[M]["response"]> = codec(pluginv2, response);
  return {
    path: `/pluginv2.${path}`,
    kind,
    encodeRequest: requests.encode,
    decodeRequest: requests.decode,
    encodeResponse: responses.encode,
    decodeResponse: responses.decode,
  };
}

/** Every method of the protocol. */
export const codecs: { readonly [M in PluginMethodName]: MethodCodec<M> } = {
  queryData: method("unary", "Data/QueryData", "QueryDataRequest", "QueryDataResponse"),
  queryChunkedData: method("stream", "Data/QueryChunkedData", "QueryChunkedDataRequest", "QueryChunkedDataResponse"),
  callResource: method("stream", "Resource/CallResource", "CallResourceRequest", "CallResourceResponse"),
  checkHealth: method("unary", "Diagnostics/CheckHealth", "CheckHealthRequest", "CheckHealthResponse"),
  collectMetrics: method("unary", "Diagnostics/CollectMetrics", "CollectMetricsRequest", "CollectMetricsResponse"),
  subscribeStream: method("unary", "Stream/SubscribeStream", "SubscribeStreamRequest", "SubscribeStreamResponse"),
  runStream: method("stream", "Stream/RunStream", "RunStreamRequest", "StreamPacket"),
  publishStream: method("unary", "Stream/PublishStream", "PublishStreamRequest", "PublishStreamResponse"),
  validateAdmission: method("unary", "AdmissionControl/ValidateAdmission", "AdmissionRequest", "ValidationResponse"),
  mutateAdmission: method("unary", "AdmissionControl/MutateAdmission", "AdmissionRequest", "MutationResponse"),
  convertObjects: method("unary", "ResourceConversion/ConvertObjects", "ConversionRequest", "ConversionResponse"),
};
