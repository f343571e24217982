import {
  type CallResourceResponse,
  DataFrameFormat,
  GrpcCode,
  GrpcError,
  type PluginContext,
  type PluginImplementation,
  type QueryChunkedDataRequest,
  type QueryChunkedDataResponse,
  type QueryDataRequest,
  type ServedCall,
  type StreamPacket,
  type StreamRequest,
} from "@dataplane/plugin-protocol";
import { answerConversion, answerMutation, answerValidation } from "./admission.js";
import { answerChunkedQueries, failChunkedQueries } from "./answer-chunked-queries.js";
import { answerQueries, failQueries } from "./answer-queries.js";
import { type Awaitable, type Call, callOf, canceled, contextOf, unimplemented } from "./call.js";
import { type HealthAnswer, healthResponse } from "./health.js";
import type { PluginInstance } from "./instance.js";
import { InstanceCache } from "./instance-cache.js";
import type { Logger } from "./logger.js";
import { type CallMeter, meterCalls } from "./meter-calls.js";
import type { Metrics } from "./metrics.js";
import type { PluginDefinition } from "./plugin-definition.js";
import { asPluginError } from "./plugin-error.js";
import { errorResource, resourceMessages, resourceRequestOf } from "./resource.js";
import type { InstanceContext } from "./settings.js";
import { channelOf, PacketEncoder, publicationOf, type StreamAnswer, type StreamHandlers, streamResponse } from "./streams.js";

export interface ImplementationOptions<Settings> {
  readonly definition: PluginDefinition<Settings>;
  readonly settingsOf: (context: PluginContext) => Settings;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** How long a replaced instance lives on. Milliseconds. */
  readonly graceMs: number;
}

/** A definition as calls of the protocol; `dispose` ends its instances. It knows no process and no socket. */
export function implementPlugin<Settings>(options: ImplementationOptions<Settings>) {
  const server = new PluginServer(options);
  return { implementation: server.implementation(), dispose: () => server.dispose() };
}

const grpcCodes: Readonly<Record<number, GrpcCode>> = {
  400: GrpcCode.InvalidArgument,
  403: GrpcCode.PermissionDenied,
  404: GrpcCode.NotFound,
};

/** The request in the format that it will be answered in. */
function asAnswered(request: QueryDataRequest, { alwaysArrow = false }: PluginInstance): QueryDataRequest {
  return alwaysArrow ? { ...request, format: DataFrameFormat.ARROW } : request;
}

interface Incoming {
  readonly pluginContext: PluginContext;
  readonly headers?: Readonly<Record<string, unknown>>;
}

class PluginServer<Settings> {
  readonly #options: ImplementationOptions<Settings>;
  readonly #instances: InstanceCache<PluginInstance>;
  readonly #meter: CallMeter;

  constructor(options: ImplementationOptions<Settings>) {
    this.#options = options;
    this.#meter = meterCalls(options.metrics);
    this.#instances = new InstanceCache({
      create: async (context, tenant) => options.definition.createInstance(options.settingsOf(context), this.#instanceContext(context, tenant)),
      onDisposeError: (thrown) => options.logger.error("an instance could not be disposed of", { error: thrown }),
      graceMs: options.graceMs,
    });
  }

  dispose(): Promise<void> {
    return this.#instances.clear();
  }

  implementation(): PluginImplementation {
    const { definition, metrics } = this.#options;
    const { admission, conversion } = definition;
    const { validate, mutate } = admission ?? {};
    return {
      ...this.#instanceCalls(),
      ...this.#streamCalls(),
      collectMetrics: () => Promise.resolve({ metrics: { prometheus: new TextEncoder().encode(metrics.toText()) } }),
      ...(validate && { validateAdmission: (request, served) => answerValidation(request, (it) => validate(it, this.#call(request, served))) }),
      ...(mutate && { mutateAdmission: (request, served) => answerMutation(request, (it) => mutate(it, this.#call(request, served))) }),
      ...(conversion && { convertObjects: (request, served) => answerConversion(request, (it) => conversion(it, this.#call(request, served))) }),
    };
  }

  #instanceCalls(): Pick<PluginImplementation, "queryData" | "queryChunkedData" | "callResource" | "checkHealth"> {
    return {
      queryData: (request, served) =>
        this.#meter.count("queryData", async () => {
          const call = this.#call(request, served);
          let instance: PluginInstance;
          try {
            instance = await this.#instance(request, served);
          } catch (thrown) {
            return failQueries(request, this.#reported(thrown, "queryData"));
          }
          if (instance.queryData === undefined) throw unimplemented("queries");
          return answerQueries({ request: asAnswered(request, instance), handler: instance.queryData, call });
        }),
      queryChunkedData: (request, served) => this.#chunks(request, served),
      callResource: (request, served) => this.#resource(request, served),
      checkHealth: (request, served) => this.#meter.count("checkHealth", async () => healthResponse(await this.#health(request, served))),
    };
  }

  async *#chunks(request: QueryChunkedDataRequest, served: ServedCall): AsyncIterable<QueryChunkedDataResponse> {
    const call = this.#call(request, served);
    let instance: PluginInstance;
    try {
      instance = await this.#meter.count("queryChunkedData", () => this.#instance(request, served));
    } catch (thrown) {
      yield* failChunkedQueries(request, this.#reported(thrown, "queryChunkedData"));
      return;
    }
    if (instance.queryData === undefined) throw unimplemented("queries");
    yield* answerChunkedQueries({ request: asAnswered(request, instance), handler: instance.queryData, call });
  }

  async #health(request: Incoming, served: ServedCall): Promise<HealthAnswer> {
    const call = this.#call(request, served);
    try {
      const instance = await this.#instance(request, served);
      return (await instance.checkHealth?.(call)) ?? { status: "ok", message: "the plugin is running" };
    } catch (thrown) {
      if (served.signal.aborted) throw canceled(thrown);
      return { status: "error", message: this.#reported(thrown, "checkHealth").message };
    }
  }

  async *#resource(...[request, served]: Parameters<NonNullable<PluginImplementation["callResource"]>>): AsyncIterable<CallResourceResponse> {
    const call = this.#call(request, served);
    const response = await this.#meter.count("callResource", async () => {
      try {
        const instance = await this.#instance(request, served);
        if (instance.callResource === undefined) throw unimplemented("resources");
        return await instance.callResource(resourceRequestOf(request), call);
      } catch (thrown) {
        if (thrown instanceof GrpcError) throw thrown;
        if (served.signal.aborted) throw canceled(thrown);
        return errorResource(this.#reported(thrown, "callResource"));
      }
    });
    yield* resourceMessages(response);
  }

  #streamCalls(): Pick<PluginImplementation, "subscribeStream" | "runStream" | "publishStream"> {
    return {
      subscribeStream: (request, served) =>
        this.#streamCall("subscribeStream", request, served, ({ subscribe }) =>
          subscribe === undefined ? { status: "ok" } : subscribe(channelOf(request), this.#call(request, served)),
        ),
      runStream: (request, served) => this.#run(request, served),
      publishStream: (request, served) =>
        this.#streamCall("publishStream", request, served, ({ publish }) =>
          publish === undefined ? { status: "permission-denied" } : publish(publicationOf(request), this.#call(request, served)),
        ),
    };
  }

  #streamCall(endpoint: string, request: StreamRequest, served: ServedCall, work: (streams: StreamHandlers) => Awaitable<StreamAnswer>) {
    return this.#meter.count(endpoint, async () => {
      try {
        return streamResponse(await work(await this.#streams(request, served)));
      } catch (thrown) {
        throw this.#asGrpcError(thrown, endpoint);
      }
    });
  }

  async *#run(request: StreamRequest, served: ServedCall): AsyncIterable<StreamPacket> {
    try {
      const { run } = await this.#meter.count("runStream", () => this.#streams(request, served));
      if (run === undefined) throw unimplemented("streams");
      const packets = new PacketEncoder();
      for await (const data of run(channelOf(request), this.#call(request, served))) yield packets.encode(data);
    } catch (thrown) {
      // A stream ends by its host's cancelling, which is no failure.
      if (served.signal.aborted) return;
      throw this.#asGrpcError(thrown, "runStream");
    }
  }

  async #streams(request: StreamRequest, served: ServedCall): Promise<StreamHandlers> {
    const { streams } = await this.#instance(request, served);
    if (streams === undefined) throw unimplemented("streams");
    return streams;
  }

  #asGrpcError(thrown: unknown, endpoint: string): GrpcError {
    if (thrown instanceof GrpcError) return thrown;
    const error = this.#reported(thrown, endpoint);
    const code = grpcCodes[error.status] ?? GrpcCode.Unknown;
    return new GrpcError(code, error.message, { metadata: { errorSource: error.source }, cause: thrown });
  }

  #instance(request: Incoming, served: ServedCall): Promise<PluginInstance> {
    return this.#instances.get(contextOf(request), served.metadata["tenantid"]);
  }

  #call(request: Incoming, served: ServedCall): Call {
    const headers = Object.fromEntries(
      Object.entries(request.headers ?? {}).flatMap(([name, value]) => (typeof value === "string" ? [[name, value] as const] : [])),
    );
    return callOf({ context: contextOf(request), headers, served, logger: this.#options.logger });
  }

  #instanceContext(context: PluginContext, namespace: string): InstanceContext {
    const { logger, metrics } = this.#options;
    const { pluginId, pluginVersion, grafanaConfig } = context;
    return { pluginId, pluginVersion, namespace, config: grafanaConfig, logger, metrics };
  }

  /** The plugin's own faults are logged with their stack; what the data source or the user did wrong is told to them alone. */
  #reported(thrown: unknown, endpoint: string) {
    const error = asPluginError(thrown);
    if (error.source === "plugin") this.#options.logger.error("call failed", { endpoint, error: thrown });
    return error;
  }
}
