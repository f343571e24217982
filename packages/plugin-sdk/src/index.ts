// A plugin's main file: one of these.

export type { Field, FieldType, FieldValue, Frame } from "@dataplane/frames";
export type { AdmissionAnswer, AdmissionHandlers, AdmissionRequest, ConversionHandler, ConversionRequest, MutationAnswer } from "./admission.js";
export type { Awaitable, Call } from "./call.js";
export type { FrameChunk, FrameChunks } from "./chunks.js";
// Frames.
export {
  booleanField,
  type FieldOptions,
  type FrameOptions,
  frame,
  integerField,
  jsonField,
  numberField,
  stringField,
  type TimeValue,
  timeField,
} from "./frame-builder.js";
export type { HealthAnswer, HealthHandler } from "./health.js";
export type { PluginInstance } from "./instance.js";
export { isJsonObject, type JsonObject } from "./json-object.js";
export type { LogFields, Logger } from "./logger.js";
export type { Counter, Gauge, Labels, MetricOptions, Metrics } from "./metrics.js";
export type { PluginDefinition } from "./plugin-definition.js";
// Failures, logs and metrics.
export { BadRequestError, DownstreamError, type ErrorSource, PluginError, SettingsError } from "./plugin-error.js";
// For tests of plugins, without a process.
export { type ImplementationOptions, implementPlugin } from "./plugin-implementation.js";
export type { Query, QueryAnswer, QueryHandler } from "./query.js";
export { readBoolean, readNumber, readString } from "./read-fields.js";
export { jsonResponse, type ResourceHandler, type ResourceRequest, type ResourceResponse } from "./resource.js";
export { type ResourceRoute, type RouteHandler, resourceRouter, route } from "./resource-router.js";
export { type AppPlugin, type DataSourcePlugin, serveApp, serveDataSource } from "./serve.js";
// What it makes of each data source or app, and what it is told.
export type { AppSettings, DataSourceSettings, InstanceContext } from "./settings.js";
export type { Channel, Publication, StreamAnswer, StreamData, StreamHandlers } from "./streams.js";
