import { type GrpcLink, healthCheckRequestCodec, healthCheckResponseCodec, processMethods, ServingStatus } from "@dataplane/plugin-protocol";

/** Asks a plugin's process whether it serves (https://grpc.io/docs/guides/health-checking/). Throws GrpcError when it cannot be asked. */
export async function isServing(link: GrpcLink, signal: AbortSignal, timeoutMs: number): Promise<boolean> {
  const answer = await link.unary(processMethods.healthCheck, healthCheckRequestCodec.encode({ service: "plugin" }), { signal, timeoutMs });
  return healthCheckResponseCodec.decode(answer).status === ServingStatus.SERVING;
}
