// For tests of plugins: a real process behind a real handshake, and the requests a host sends.

export {
  type CallResourceResponse,
  // A key and a certificate for `localhost`, for a data source behind TLS.
  createAutoMtlsIdentity as createTestCertificate,
  DataFrameFormat,
  GrpcCode,
  GrpcError,
  HealthStatus,
  type PluginContext,
  StreamStatus,
} from "@dataplane/plugin-protocol";
export { appContext, baseContext, type ContextOptions, dataSourceContext, type QueryOptions, queryRequest } from "./requests.js";
export { type RunningPlugin, type StartOptions, startPlugin, type TestCallOptions } from "./start-plugin.js";
