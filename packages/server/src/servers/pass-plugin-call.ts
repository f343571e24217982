import { ApiError, badRequest, isJsonObject, type JsonObject } from "@dataplane/meta";
import type { PluginClient, PluginSource } from "@dataplane/plugin-host";
import { PluginUnavailable } from "@dataplane/plugin-host";
import { type CallOptions, codecs, type MethodCodec, type PluginMethodName, type PluginMethods } from "@dataplane/plugin-protocol";

export interface PassedCall {
  /** `plugin`, `method` (its full gRPC name), `timeoutMs`, `metadata`. */
  readonly args: JsonObject;
  readonly payload: Uint8Array;
  readonly signal: AbortSignal;
  readonly plugins: PluginSource;
}

type Pass = (client: PluginClient, request: Uint8Array, options: CallOptions) => AsyncIterable<Uint8Array>;

/** A call that another server took, made to the plugin's process of this one. Throws GrpcError, PluginUnavailable. */
export async function* passPluginCall({ args, payload, signal, plugins }: PassedCall): AsyncGenerator<Uint8Array> {
  const { plugin: id, method, timeoutMs, metadata } = args;
  const pass = typeof method === "string" ? methods.get(method) : undefined;
  if (typeof id !== "string" || pass === undefined) throw badRequest("no such call");
  const plugin = plugins.get(id);
  if (plugin === undefined)
    throw new PluginUnavailable({ pluginId: id, reason: "Gone", message: "it is not at this server any more", retryAfterSeconds: 1 });
  const client = await plugin.client(signal);
  const texts = isJsonObject(metadata) ? Object.entries(metadata) : [];
  yield* pass(client, payload, {
    signal,
    ...(typeof timeoutMs === "number" ? { timeoutMs } : {}),
    metadata: Object.fromEntries(texts.flatMap(([name, text]): [string, string][] => (typeof text === "string" ? [[name, text]] : []))),
  });
}

function decoded<M extends PluginMethodName>(codec: MethodCodec<M>, request: Uint8Array): PluginMethods[M]["request"] {
  try {
    return codec.decodeRequest(request);
  } catch (cause) {
    throw new ApiError("BadRequest", "the message cannot be read", { cause });
  }
}

const unary = <M extends PluginMethodName>(
  codec: MethodCodec<M>,
  call: (client: PluginClient) => (request: PluginMethods[M]["request"], options: CallOptions) => Promise<PluginMethods[M]["response"]>,
): Pass =>
  async function* (client, request, options) {
    yield codec.encodeResponse(await call(client)(decoded(codec, request), options));
  };

const stream = <M extends PluginMethodName>(
  codec: MethodCodec<M>,
  call: (client: PluginClient) => (request: PluginMethods[M]["request"], options: CallOptions) => AsyncIterable<PluginMethods[M]["response"]>,
): Pass =>
  async function* (client, request, options) {
    for await (const message of call(client)(decoded(codec, request), options)) yield codec.encodeResponse(message);
  };

/** All but RunStream, which is the matter of a channel's owner. */
const methods: ReadonlyMap<string, Pass> = new Map([
  [codecs.queryData.path, unary(codecs.queryData, (client) => client.queryData)],
  [codecs.queryChunkedData.path, stream(codecs.queryChunkedData, (client) => client.queryChunkedData)],
  [codecs.callResource.path, stream(codecs.callResource, (client) => client.callResource)],
  [codecs.checkHealth.path, unary(codecs.checkHealth, (client) => client.checkHealth)],
  [codecs.collectMetrics.path, unary(codecs.collectMetrics, (client) => client.collectMetrics)],
  [codecs.subscribeStream.path, unary(codecs.subscribeStream, (client) => client.subscribeStream)],
  [codecs.publishStream.path, unary(codecs.publishStream, (client) => client.publishStream)],
  [codecs.validateAdmission.path, unary(codecs.validateAdmission, (client) => client.validateAdmission)],
  [codecs.mutateAdmission.path, unary(codecs.mutateAdmission, (client) => client.mutateAdmission)],
  [codecs.convertObjects.path, unary(codecs.convertObjects, (client) => client.convertObjects)],
]);
