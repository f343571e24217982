import type * as m from "./messages.js";

/** Every call of the protocol, by its full gRPC name: `/<package>.<service>/<method>`. `kind` says how it answers. */
export interface PluginMethods {
  queryData: { request: m.QueryDataRequest; response: m.QueryDataResponse; kind: "unary" };
  queryChunkedData: { request: m.QueryChunkedDataRequest; response: m.QueryChunkedDataResponse; kind: "stream" };
  callResource: { request: m.CallResourceRequest; response: m.CallResourceResponse; kind: "stream" };
  checkHealth: { request: m.CheckHealthRequest; response: m.CheckHealthResponse; kind: "unary" };
  collectMetrics: { request: m.CollectMetricsRequest; response: m.CollectMetricsResponse; kind: "unary" };
  subscribeStream: { request: m.SubscribeStreamRequest; response: m.SubscribeStreamResponse; kind: "unary" };
  runStream: { request: m.RunStreamRequest; response: m.StreamPacket; kind: "stream" };
  publishStream: { request: m.PublishStreamRequest; response: m.PublishStreamResponse; kind: "unary" };
  validateAdmission: { request: m.AdmissionRequest; response: m.ValidationResponse; kind: "unary" };
  mutateAdmission: { request: m.AdmissionRequest; response: m.MutationResponse; kind: "unary" };
  convertObjects: { request: m.ConversionRequest; response: m.ConversionResponse; kind: "unary" };
}
export type PluginMethodName = keyof PluginMethods;
