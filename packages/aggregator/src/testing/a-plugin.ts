import { Buffer } from "node:buffer";
import { type Plugin, type PluginClient, type PluginSource, type PluginState, PluginUnavailable } from "@dataplane/plugin-host";
import { DataFrameFormat, type DataResponse, GrpcCode, GrpcError, HealthStatus, type QueryDataRequest } from "@dataplane/plugin-protocol";

/** A plugin process that is not there: what it was asked is kept, what it answers is told. */
export interface FakePlugin extends Plugin {
  readonly received: QueryDataRequest[];
  /** Answers to come; by default each query gets one frame without fields. */
  client(signal: AbortSignal): Promise<PluginClient>;
}

export interface FakePluginOptions {
  readonly id: string;
  readonly type?: "datasource" | "app";
  readonly state?: Partial<PluginState>;
  readonly calls?: Partial<PluginClient>;
  /** By refId; a query that is not listed gets an empty frame. */
  readonly answers?: Readonly<Record<string, Partial<DataResponse>>>;
  readonly down?: { readonly reason: string; readonly retryAfterSeconds: number };
}

export const emptyFrame = '{"schema":{"fields":[]},"data":{"values":[]}}';

export const anAnswer = (partial: Partial<DataResponse> = {}): DataResponse => ({
  frames: [Buffer.from(emptyFrame)],
  error: "",
  jsonMeta: new Uint8Array(),
  status: 200,
  errorSource: "",
  format: DataFrameFormat.JSON,
  ...partial,
});

export function aPlugin({ id, type = "datasource", state, calls, answers, down }: FakePluginOptions): FakePlugin {
  const received: QueryDataRequest[] = [];
  const client: PluginClient = {
    ...unimplemented,
    queryData: (request) => {
      received.push(request);
      return Promise.resolve({ responses: Object.fromEntries(request.queries.map(({ refId }) => [refId, anAnswer(answers?.[refId])])) });
    },
    checkHealth: () => Promise.resolve({ status: HealthStatus.OK, message: "ok", jsonDetails: new Uint8Array() }),
    ...calls,
  };
  return {
    id,
    json: { id, type, name: id, version: "1.0.0", backend: true, executable: `gpx_${id}`, streaming: false, routes: [], raw: {} },
    directory: `/plugins/${id}`,
    signature: "internal",
    state: { phase: "running", reason: "Running", message: "", since: new Date(0), restarts: 0, pid: 1, note: undefined, ...state },
    received,
    client: () => (down === undefined ? Promise.resolve(client) : Promise.reject(new PluginUnavailable({ pluginId: id, message: "down", ...down }))),
    restart: () => Promise.resolve(),
  };
}

/** A source whose plugins may be changed. */
export function aPluginSource(plugins: readonly Plugin[]): PluginSource & { set(plugin: Plugin): void } {
  const byId = new Map(plugins.map((plugin) => [plugin.id, plugin]));
  const listeners = new Set<(pluginId: string) => void>();
  return {
    get: (id) => byId.get(id),
    list: () => [...byId.values()],
    onChange: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    set: (plugin) => {
      byId.set(plugin.id, plugin);
      for (const listener of listeners) listener(plugin.id);
    },
  };
}

const refuse = (): Promise<never> => Promise.reject(new GrpcError(GrpcCode.Unimplemented, "unimplemented"));
const refuseStream = (): AsyncIterable<never> => ({ [Symbol.asyncIterator]: () => ({ next: refuse }) });

const unimplemented: PluginClient = {
  queryData: refuse,
  queryChunkedData: refuseStream,
  callResource: refuseStream,
  checkHealth: refuse,
  collectMetrics: refuse,
  subscribeStream: refuse,
  runStream: refuseStream,
  publishStream: refuse,
  validateAdmission: refuse,
  mutateAdmission: refuse,
  convertObjects: refuse,
};
