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
export { releaseMessage } from "./large-buffers.js";
export { links } from "./links.js";
export * from "./messages.js";
export type { PluginMethodName, PluginMethods } from "./methods.js";
export type { PluginImplementation, ServedCall, ServePlugin, ServePluginOptions } from "./plugin-server.js";
// A conversation with a plugin, written down and played again.
export type { MessageJson } from "./recording/message-json.js";
export type { RecordedCall, RecordedEnd } from "./recording/recorded-call.js";
export { openRecording, type Recording, RecordingError, readRecording } from "./recording/recording-file.js";
export { recordingLink } from "./recording/recording-link.js";
export { replayPlugin } from "./recording/replay-plugin.js";
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
