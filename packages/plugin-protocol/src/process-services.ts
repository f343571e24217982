import { codec } from "./codec.js";
import { google, grpc, plugin } from "./gen/wire.js";

/** Where a piece of output came from inside the plugin. */
export const StdioChannel = { INVALID: 0, STDOUT: 1, STDERR: 2 } as const;
export type StdioChannel = (typeof StdioChannel)[keyof typeof StdioChannel];

export interface StdioData {
  readonly channel: StdioChannel;
  readonly data: Uint8Array;
}

/** States of grpc.health.v1; a plugin process answers for the service name `plugin`. */
export const ServingStatus = { UNKNOWN: 0, SERVING: 1, NOT_SERVING: 2, SERVICE_UNKNOWN: 3 } as const;
export type ServingStatus = (typeof ServingStatus)[keyof typeof ServingStatus];

export interface RpcStatus {
  readonly code: number;
  readonly message: string;
  readonly details: readonly { readonly typeUrl: string; readonly value: Uint8Array }[];
}

export interface ErrorInfo {
  readonly reason: string;
  readonly domain: string;
  readonly metadata: Readonly<Record<string, string>>;
}

export const emptyCodec = codec<object>(plugin, "Empty");
export const stdioDataCodec = codec<StdioData>(plugin, "StdioData");
export const healthCheckRequestCodec = codec<{ readonly service: string }>(grpc, "health.v1.HealthCheckRequest");
export const healthCheckResponseCodec = codec<{ readonly status: ServingStatus }>(grpc, "health.v1.HealthCheckResponse");
export const rpcStatusCodec = codec<RpcStatus>(google, "rpc.Status");
export const errorInfoCodec = codec<ErrorInfo>(google, "rpc.ErrorInfo");

/** The calls by which a host looks after a plugin process, whatever the plugin itself serves. */
export const processMethods = {
  shutdown: "/plugin.GRPCController/Shutdown",
  streamStdio: "/plugin.GRPCStdio/StreamStdio",
  startBroker: "/plugin.GRPCBroker/StartStream",
  healthCheck: "/grpc.health.v1.Health/Check",
  healthWatch: "/grpc.health.v1.Health/Watch",
} as const;
