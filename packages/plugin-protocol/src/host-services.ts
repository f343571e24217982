import { type ServerDuplexStream, type ServerUnaryCall, type ServerWritableStream, type sendUnaryData, status } from "@grpc/grpc-js";
import type { Codec } from "./codec.js";
import type { ServedService } from "./plugin-services.js";
import {
  emptyCodec,
  healthCheckRequestCodec,
  healthCheckResponseCodec,
  processMethods,
  ServingStatus,
  type StdioData,
  stdioDataCodec,
} from "./process-services.js";
import type { StdioCapture } from "./stdio-capture.js";

/** The services by which a host looks after this process: health, output, broker, controller. */
export function hostServices(options: { readonly stdio: StdioCapture; readonly shutdown: () => void; readonly ended: AbortSignal }): ServedService {
  const { stdio, shutdown, ended } = options;
  return {
    definition: {
      check: method(processMethods.healthCheck, healthCheckRequestCodec, healthCheckResponseCodec, {}),
      watch: method(processMethods.healthWatch, healthCheckRequestCodec, healthCheckResponseCodec, { responseStream: true }),
      shutdown: method(processMethods.shutdown, emptyCodec, emptyCodec, {}),
      streamStdio: method(processMethods.streamStdio, emptyCodec, stdioDataCodec, { responseStream: true }),
      startBroker: method(processMethods.startBroker, emptyCodec, emptyCodec, { requestStream: true, responseStream: true }),
    },
    handlers: {
      check,
      watch: (call: ServerWritableStream<{ service: string }, object>) => {
        call.write({ status: isKnown(call.request.service) ? ServingStatus.SERVING : ServingStatus.SERVICE_UNKNOWN });
        endWith(call, ended);
      },
      shutdown: (_call: ServerUnaryCall<object, object>, answer: sendUnaryData<object>) => {
        answer(null, {});
        shutdown();
      },
      streamStdio: (call: ServerWritableStream<object, StdioData>) => {
        call.on(
          "cancelled",
          stdio.readBy((piece) => call.write(piece)),
        );
        endWith(call, ended);
      },
      // Nothing here needs a connection of its own; the host opens the stream and expects it to stay.
      startBroker: (call: ServerDuplexStream<object, object>) => {
        call.on("data", () => undefined);
        call.on("end", () => call.end());
        endWith(call, ended);
      },
    },
  };
}

function check(call: ServerUnaryCall<{ service: string }, object>, answer: sendUnaryData<object>): void {
  if (isKnown(call.request.service)) answer(null, { status: ServingStatus.SERVING });
  else answer({ code: status.NOT_FOUND, details: "unknown service" });
}

const isKnown = (service: string): boolean => service === "plugin" || service === "";

function endWith(call: { end(): void }, ended: AbortSignal): void {
  if (ended.aborted) call.end();
  else ended.addEventListener("abort", () => call.end(), { once: true });
}

function method<Q extends object, A extends object>(
  path: string,
  request: Codec<Q>,
  response: Codec<A>,
  streams: { readonly requestStream?: boolean; readonly responseStream?: boolean },
) {
  return {
    path,
    requestStream: streams.requestStream ?? false,
    responseStream: streams.responseStream ?? false,
    requestSerialize: (value: Q) => Buffer.from(request.encode(value)),
    requestDeserialize: (bytes: Buffer) => request.decode(bytes),
    responseSerialize: (value: A) => Buffer.from(response.encode(value)),
    responseDeserialize: (bytes: Buffer) => response.decode(bytes),
  };
}
