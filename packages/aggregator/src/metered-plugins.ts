import type { Plugin, PluginClient, PluginSource } from "@dataplane/plugin-host";
import { type CallOptions, GrpcCode, GrpcError, type QueryDataResponse } from "@dataplane/plugin-protocol";
import type { CallStatus, PluginCallMetrics, StatusSource } from "./plugin-call-metrics.js";

/** The same plugins, whose calls are counted. */
export function meteredPlugins(source: PluginSource, metrics: PluginCallMetrics): PluginSource {
  const metered = new WeakMap<Plugin, MeteredPlugin>();
  const of = (plugin: Plugin): Plugin => {
    const known = metered.get(plugin) ?? new MeteredPlugin(plugin, metrics);
    metered.set(plugin, known);
    return known;
  };
  return {
    get(id) {
      const plugin = source.get(id);
      return plugin === undefined ? undefined : of(plugin);
    },
    list: () => source.list().map(of),
    onChange: (listener) => source.onChange(listener),
  };
}

class MeteredPlugin implements Plugin {
  readonly #plugin: Plugin;
  readonly #metrics: PluginCallMetrics;
  /** A client lives as long as its process. */
  readonly #clients = new WeakMap<PluginClient, PluginClient>();

  constructor(plugin: Plugin, metrics: PluginCallMetrics) {
    this.#plugin = plugin;
    this.#metrics = metrics;
  }

  get id() {
    return this.#plugin.id;
  }

  get json() {
    return this.#plugin.json;
  }

  get directory() {
    return this.#plugin.directory;
  }

  get signature() {
    return this.#plugin.signature;
  }

  get state() {
    return this.#plugin.state;
  }

  restart(): Promise<void> {
    return this.#plugin.restart();
  }

  client(signal: AbortSignal): Promise<PluginClient> {
    return this.#plugin.client(signal).then((client) => this.#clients.get(client) ?? this.#metered(client));
  }

  #metered(client: PluginClient): PluginClient {
    const made = meteredClient(client, (endpoint) => this.#metrics.start(this.id, endpoint));
    this.#clients.set(client, made);
    return made;
  }
}

type Start = (endpoint: string) => (status: CallStatus, source: StatusSource) => void;

const meteredClient = (client: PluginClient, start: Start): PluginClient => ({
  queryData: unary(start, "queryData", client.queryData, judgeQueries),
  queryChunkedData: stream(start, "queryChunkedData", client.queryChunkedData),
  callResource: stream(start, "callResource", client.callResource),
  checkHealth: unary(start, "checkHealth", client.checkHealth),
  collectMetrics: unary(start, "collectMetrics", client.collectMetrics),
  subscribeStream: unary(start, "subscribeStream", client.subscribeStream),
  runStream: stream(start, "runStream", client.runStream),
  publishStream: unary(start, "publishStream", client.publishStream),
  validateAdmission: unary(start, "validateAdmission", client.validateAdmission),
  mutateAdmission: unary(start, "mutateAdmission", client.mutateAdmission),
  convertObjects: unary(start, "convertObjects", client.convertObjects),
});

interface Outcome {
  readonly status: CallStatus;
  readonly source: StatusSource;
}

const ok: Outcome = { status: "ok", source: "plugin" };

function unary<Request, Response>(
  start: Start,
  endpoint: string,
  call: (request: Request, options: CallOptions) => Promise<Response>,
  judge: (response: Response) => Outcome = () => ok,
) {
  return (request: Request, options: CallOptions): Promise<Response> => {
    const end = start(endpoint);
    return call(request, options).then(
      (response) => {
        const { status, source } = judge(response);
        end(status, source);
        return response;
      },
      (thrown: unknown) => {
        const { status, source } = failed(thrown, options);
        end(status, source);
        throw thrown;
      },
    );
  };
}

function stream<Request, Response>(start: Start, endpoint: string, call: (request: Request, options: CallOptions) => AsyncIterable<Response>) {
  return async function* (request: Request, options: CallOptions): AsyncGenerator<Response> {
    const end = start(endpoint);
    let outcome: Outcome = { status: "cancelled", source: "plugin" };
    try {
      yield* call(request, options);
      outcome = ok;
    } catch (thrown) {
      outcome = failed(thrown, options);
      throw thrown;
    } finally {
      end(outcome.status, outcome.source);
    }
  };
}

function failed(thrown: unknown, { signal }: CallOptions): Outcome {
  const gaveUp = signal.aborted || (thrown instanceof GrpcError && thrown.code === GrpcCode.Canceled);
  return { status: gaveUp ? "cancelled" : "error", source: "plugin" };
}

/** A call that went well may hold errors; they are the data source's own only when all of them are. */
function judgeQueries({ responses }: QueryDataResponse): Outcome {
  let outcome = ok;
  for (const refId of Object.keys(responses)) {
    const { error = "", errorSource = "" } = responses[refId] ?? {};
    if (error === "") continue;
    if (errorSource !== "downstream") return { status: "error", source: "plugin" };
    outcome = { status: "error", source: "downstream" };
  }
  return outcome;
}
