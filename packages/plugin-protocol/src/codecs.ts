import { type Codec, codec } from "./codec.js";
import { hasMoreFields } from "./count-fields.js";
import { decodePlainQueryData } from "./decode-query-data.js";
import { encodeQueryDataRequest } from "./encode-query-data.js";
import { pluginv2 } from "./gen/wire.js";
import { GrpcCode, GrpcError } from "./grpc-link.js";
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

/** Two bytes can be a frame, and cost fifty times that where they are read: so many answers and frames are the most. */
const mostParts = 1_000_000;
/** Of a QueryDataResponse to its answers: an entry of `responses`, its value. */
const toAnswers = [1, 2];

function bounded(queryData: MethodCodec<"queryData">): MethodCodec<"queryData"> {
  return {
    ...queryData,
    decodeResponse: (bytes) => {
      if (bytes.length > 2 * mostParts && hasMoreFields(bytes, toAnswers, mostParts)) {
        throw new GrpcError(GrpcCode.Internal, `the peer sent an answer of more than ${mostParts} parts`);
      }
      return decodePlainQueryData(bufferOf(bytes)) ?? queryData.decodeResponse(bytes);
    },
  };
}

const bufferOf = (bytes: Uint8Array): Buffer => (Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));

/** Every method of the protocol. */
export const codecs: { readonly [M in PluginMethodName]: MethodCodec<M> } = {
  queryData: bounded({
    ...method("unary", "Data/QueryData", "QueryDataRequest", "QueryDataResponse"),
    encodeRequest: encodeQueryDataRequest,
  }),
  queryChunkedData: {
    ...method("stream", "Data/QueryChunkedData", "QueryChunkedDataRequest", "QueryChunkedDataResponse"),
    encodeRequest: encodeQueryDataRequest,
  },
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
