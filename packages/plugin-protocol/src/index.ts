// For hosts and plugins.

export { type CertificateRequest, certificatePem, issueCertificate, type KeyPair, newKeyPair } from "./certificate.js";
export { type CallOptions, GrpcCode, GrpcError, type GrpcLink, type LinkTarget, type OpenLink } from "./grpc-link.js";
export * from "./messages.js";
export type { PluginMethodName, PluginMethods } from "./methods.js";
export type { PluginImplementation, ServedCall, ServePlugin, ServePluginOptions } from "./plugin-server.js";
// To be written:
//   codecs: Record<PluginMethodName, { path, kind, encodeRequest, decodeRequest, encodeResponse, decodeResponse }> from src/gen (protobufjs static);
//   openGrpcJsLink: OpenLink (and openNativeLink: OpenLink, our own HTTP/2, the same suite); links by name: links["grpc-js" | "native"];
//   servePlugin: ServePlugin; parseHandshake(line), createClientCertificate() for AutoMTLS;
//   the controller, stdio, broker and health services' codecs.
