/**
 * The messages of the backend plugin protocol (package `pluginv2` of `proto/backend.proto`, public in grafana-plugin-sdk-go),
 * as plain immutable objects. Names and field numbers are the wire's. 64-bit integers are numbers: they hold ids and
 * milliseconds below 2^53. On encoding an absent field is its zero value; on decoding every field is there, except messages.
 */

export interface AppInstanceSettings {
  readonly jsonData: Uint8Array;
  readonly decryptedSecureJsonData: Readonly<Record<string, string>>;
  readonly lastUpdatedMS: number;
  readonly apiVersion: string;
}

export interface DataSourceInstanceSettings {
  readonly id: number;
  readonly name: string;
  readonly url: string;
  readonly user: string;
  readonly database: string;
  readonly basicAuthEnabled: boolean;
  readonly basicAuthUser: string;
  readonly jsonData: Uint8Array;
  readonly decryptedSecureJsonData: Readonly<Record<string, string>>;
  readonly lastUpdatedMS: number;
  readonly uid: string;
  readonly apiVersion: string;
}

export interface PluginUser {
  readonly login: string;
  readonly name: string;
  readonly email: string;
  /** Viewer, Editor or Admin. */
  readonly role: string;
}

export interface PluginContext {
  readonly orgId: number;
  readonly pluginId: string;
  readonly user?: PluginUser;
  readonly appInstanceSettings?: AppInstanceSettings;
  readonly dataSourceInstanceSettings?: DataSourceInstanceSettings;
  readonly grafanaConfig: Readonly<Record<string, string>>;
  readonly pluginVersion: string;
  readonly userAgent: string;
  readonly apiVersion: string;
  readonly namespace: string;
}

export interface StringList {
  readonly values: readonly string[];
}

export interface CallResourceRequest {
  readonly pluginContext: PluginContext;
  readonly path: string;
  readonly method: string;
  /** The path without a leading slash, with the query string. */
  readonly url: string;
  readonly headers: Readonly<Record<string, StringList>>;
  readonly body: Uint8Array;
}

/** Only the first message's code and headers count; later ones are pieces of the body. */
export interface CallResourceResponse {
  readonly code: number;
  readonly headers: Readonly<Record<string, StringList>>;
  readonly body: Uint8Array;
}

export const DataFrameFormat = { ARROW: 0, JSON: 1 } as const;
export type DataFrameFormat = (typeof DataFrameFormat)[keyof typeof DataFrameFormat];

export interface TimeRange {
  readonly fromEpochMS: number;
  readonly toEpochMS: number;
}

export interface DataQuery {
  readonly refId: string;
  readonly maxDataPoints: number;
  readonly intervalMS: number;
  readonly timeRange: TimeRange;
  /** The whole query object as it was posted. */
  readonly json: Uint8Array;
  readonly queryType: string;
}

export interface QueryDataRequest {
  readonly pluginContext: PluginContext;
  readonly headers: Readonly<Record<string, string>>;
  readonly queries: readonly DataQuery[];
  readonly format: DataFrameFormat;
}

export interface DataResponse {
  readonly frames: readonly Uint8Array[];
  readonly error: string;
  readonly jsonMeta: Uint8Array;
  readonly status: number;
  readonly errorSource: string;
  readonly format: DataFrameFormat;
}

export interface QueryDataResponse {
  readonly responses: Readonly<Record<string, DataResponse>>;
}

export type QueryChunkedDataRequest = QueryDataRequest;

export interface QueryChunkedDataResponse {
  readonly refId: string;
  readonly frameId: string;
  readonly frame: Uint8Array;
  readonly error: string;
  readonly status: number;
  readonly errorSource: string;
  readonly format: DataFrameFormat;
}

export interface CollectMetricsRequest {
  readonly pluginContext: PluginContext;
}

export interface CollectMetricsResponse {
  /** Prometheus text format. */
  readonly metrics?: { readonly prometheus: Uint8Array };
}

export const HealthStatus = { UNKNOWN: 0, OK: 1, ERROR: 2 } as const;
export type HealthStatus = (typeof HealthStatus)[keyof typeof HealthStatus];

export interface CheckHealthRequest {
  readonly pluginContext: PluginContext;
  readonly headers: Readonly<Record<string, string>>;
}

export interface CheckHealthResponse {
  readonly status: HealthStatus;
  readonly message: string;
  readonly jsonDetails: Uint8Array;
}

export interface StreamRequest {
  readonly pluginContext: PluginContext;
  readonly path: string;
  readonly data: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}
export type SubscribeStreamRequest = StreamRequest;
export type PublishStreamRequest = StreamRequest;
export type RunStreamRequest = StreamRequest;

export const StreamStatus = { OK: 0, NOT_FOUND: 1, PERMISSION_DENIED: 2 } as const;
export type StreamStatus = (typeof StreamStatus)[keyof typeof StreamStatus];

export interface SubscribeStreamResponse {
  readonly status: StreamStatus;
  readonly data: Uint8Array;
}
export type PublishStreamResponse = SubscribeStreamResponse;

export interface StreamPacket {
  readonly data: Uint8Array;
}

export const AdmissionOperation = { CREATE: 0, UPDATE: 1, DELETE: 2 } as const;
export type AdmissionOperation = (typeof AdmissionOperation)[keyof typeof AdmissionOperation];

export interface AdmissionRequest {
  readonly pluginContext: PluginContext;
  readonly operation: AdmissionOperation;
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string };
  readonly objectBytes: Uint8Array;
  readonly oldObjectBytes: Uint8Array;
}

export interface StatusResult {
  readonly status: string;
  readonly message: string;
  readonly reason: string;
  readonly code: number;
}

export interface ValidationResponse {
  readonly allowed: boolean;
  readonly result?: StatusResult;
  readonly warnings: readonly string[];
}

export interface MutationResponse extends ValidationResponse {
  readonly objectBytes: Uint8Array;
}

export interface RawObject {
  readonly raw: Uint8Array;
  readonly contentType: string;
}

export interface ConversionRequest {
  readonly pluginContext: PluginContext;
  readonly uid: string;
  readonly objects: readonly RawObject[];
  readonly targetVersion: { readonly group: string; readonly version: string };
}

export interface ConversionResponse {
  readonly uid: string;
  readonly result?: StatusResult;
  readonly objects: readonly RawObject[];
}
