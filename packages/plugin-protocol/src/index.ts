// For hosts and plugins.

export { type AutoMtlsIdentity, createAutoMtlsIdentity } from "./auto-mtls.js";
export { type CertificateRequest, certificatePem, issueCertificate, type KeyPair, newKeyPair } from "./certificate.js";
export { codecs, type MethodCodec } from "./codecs.js";
export {
  type CallOptions,
  GrpcCode,
  GrpcError,
  type GrpcLink,
  type LinkOptions,
  type LinkTarget,
  MessageTooLarge,
  type OpenLink,
} from "./grpc-link.js";
export { coreProtocolVersion, type Handshake, HandshakeError, handshakeCookie, parseHandshake, pluginProtocolVersion } from "./handshake.js";
export { links } from "./links.js";
export * from "./messages.js";
export type { PluginMethodName, PluginMethods } from "./methods.js";
export type { PluginImplementation, ServedCall, ServePlugin, ServePluginOptions } from "./plugin-server.js";
export { servePlugin } from "./serve-plugin.js";
// For hosts, beside the plugin's own calls.

export {
  emptyCodec,
  healthCheckRequestCodec,
  healthCheckResponseCodec,
  processMethods,
  ServingStatus,
  StdioChannel,
  type StdioData,
  stdioDataCodec,
} from "./process-services.js";
