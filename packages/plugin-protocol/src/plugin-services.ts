import { once } from "node:events";
import {
  Metadata,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceDefinition,
  type sendUnaryData,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { codecs, type MethodCodec } from "./codecs.js";
import { detailsOf, detailsTrailer } from "./error-details.js";
import { GrpcCode, GrpcError } from "./grpc-link.js";
import type { PluginMethodName } from "./methods.js";
import type { PluginImplementation, ServedCall } from "./plugin-server.js";

type Unary = (request: object, call: ServedCall) => Promise<object>;
type Streaming = (request: object, call: ServedCall) => AsyncIterable<object>;

/** One grpc-js service: what it is called on the wire, and who answers. */
export interface ServedService {
  readonly definition: ServiceDefinition;
  readonly handlers: UntypedServiceImplementation;
}

/** The methods that the implementation has. Those it lacks are not registered: the server answers them with Unimplemented. */
export function pluginServices(implementation: PluginImplementation): ServedService {
  const definition: Record<string, ServiceDefinition[string]> = {};
  const handlers: UntypedServiceImplementation = {};
  for (const name of Object.keys(codecs) as PluginMethodName[]) {
    const handle = implementation[name];
    if (handle === undefined) continue;
    const codec: MethodCodec<PluginMethodName> = codecs[name] as MethodCodec<PluginMethodName>;
    definition[name] = definitionOf(codec);
    // The table of codecs and the implementation are typed by the same union; together they agree method by method.
    handlers[name] =
      codec.kind === "unary" ? unaryHandler(handle.bind(implementation) as Unary) : streamHandler(handle.bind(implementation) as Streaming);
  }
  return { definition, handlers };
}

function definitionOf(codec: MethodCodec<PluginMethodName>): ServiceDefinition[string] {
  return {
    path: codec.path,
    requestStream: false,
    responseStream: codec.kind === "stream",
    requestSerialize: (value) => Buffer.from(codec.encodeRequest(value as never)),
    requestDeserialize: (bytes) => codec.decodeRequest(bytes),
    responseSerialize: (value) => asBuffer(codec.encodeResponse(value as never)),
    responseDeserialize: (bytes) => codec.decodeResponse(bytes),
  };
}

function unaryHandler(handle: Unary) {
  return (call: ServerUnaryCall<object, object>, answer: sendUnaryData<object>): void => {
    answerOf(handle, call).then(
      (response) => answer(null, response),
      (thrown: unknown) => answer(statusOf(thrown)),
    );
  };
}

function streamHandler(handle: Streaming) {
  return (call: ServerWritableStream<object, object>): void => {
    pump(handle, call).then(
      () => call.end(),
      (thrown: unknown) => call.emit("error", statusOf(thrown)),
    );
  };
}

// A handler may also throw before it promises anything.
async function answerOf(handle: Unary, call: ServerUnaryCall<object, object>): Promise<object> {
  return await handle(call.request, servedCall(call));
}

async function pump(handle: Streaming, call: ServerWritableStream<object, object>): Promise<void> {
  const served = servedCall(call);
  const { signal } = served;
  for await (const message of handle(call.request, served)) {
    if (signal.aborted) return;
    // The host reads as fast as its own client does: wait for room.
    if (!call.write(message)) await once(call, "drain", { signal });
  }
}

function servedCall(call: ServerUnaryCall<object, object> | ServerWritableStream<object, object>): ServedCall {
  const controller = new AbortController();
  call.on("cancelled", () => controller.abort(new GrpcError(GrpcCode.Canceled, "the host cancelled the call")));
  const metadata: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const [name, value] of Object.entries(call.metadata.getMap())) if (typeof value === "string") metadata[name] = value;
  return { signal: controller.signal, metadata };
}

function statusOf(thrown: unknown) {
  const error = thrown instanceof GrpcError ? thrown : new GrpcError(GrpcCode.Unknown, thrown instanceof Error ? thrown.message : String(thrown));
  const metadata = new Metadata();
  if (Object.keys(error.metadata).length > 0) metadata.set(detailsTrailer, Buffer.from(detailsOf(error)));
  return { name: error.name, message: error.message, code: error.code, details: error.message, metadata };
}

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
