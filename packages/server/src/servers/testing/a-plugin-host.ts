import { type Plugin, type PluginClient, type PluginHost, type PluginState, parsePluginJson } from "@dataplane/plugin-host";
import { DataFrameFormat, GrpcCode, GrpcError, HealthStatus, type StreamPacket, StreamStatus } from "@dataplane/plugin-protocol";

/** The plugins of one server; they can be taken away and come back. */
export function aPluginHost(list: readonly Plugin[]): PluginHost & { set(plugin: Plugin): void; remove(id: string): void } {
  const plugins = new Map(list.map((plugin) => [plugin.id, plugin]));
  const listeners = new Set<(id: string) => void>();
  const tell = (id: string): void => {
    for (const listener of listeners) listener(id);
  };
  return {
    get: (id) => plugins.get(id),
    list: () => [...plugins.values()],
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    targetOf: () => undefined,
    problems: () => [],
    start: () => undefined,
    found: Promise.resolve(),
    stop: () => Promise.resolve(),
    kill: () => undefined,
    set(plugin) {
      plugins.set(plugin.id, plugin);
      tell(plugin.id);
    },
    remove(id) {
      plugins.delete(id);
      tell(id);
    },
  };
}

export interface TestPlugin extends Plugin {
  /** Streams that run now. */
  readonly running: () => readonly string[];
  /** RunStream calls since the beginning. */
  readonly begun: () => number;
  /** What the plugin was asked, by method. */
  readonly calls: string[];
}

/** A data source plugin that says where it runs in all that it answers; its streams send a number every 20 ms. */
export function aTestPlugin(id: string, where: string, state: Partial<PluginState> = {}): TestPlugin {
  const running = new Set<string>();
  const calls: string[] = [];
  let begun = 0;
  const absent = (): Promise<never> => Promise.reject(new GrpcError(GrpcCode.Unimplemented, "not here"));
  async function* runStream(path: string, signal: AbortSignal): AsyncGenerator<StreamPacket> {
    begun += 1;
    running.add(path);
    try {
      let number = 0;
      while (!signal.aborted) {
        number += 1;
        yield { data: Buffer.from(JSON.stringify({ where, number })) };
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      throw new GrpcError(GrpcCode.Canceled, "given up");
    } finally {
      running.delete(path);
    }
  }
  const client: PluginClient = {
    queryData({ queries }) {
      calls.push("queryData");
      const frame = { schema: { fields: [{ name: where, type: "number" }] }, data: { values: [[1]] } };
      const answer = {
        frames: [Buffer.from(JSON.stringify(frame))],
        error: "",
        jsonMeta: new Uint8Array(),
        status: 200,
        errorSource: "",
        format: DataFrameFormat.JSON,
      };
      return Promise.resolve({ responses: Object.fromEntries(queries.map(({ refId }) => [refId, answer])) });
    },
    queryChunkedData: async function* () {
      yield await absent();
    },
    // eslint-disable-next-line @typescript-eslint/require-await -- it answers at once.
    callResource: async function* ({ path }) {
      calls.push("callResource");
      for (const part of [where, path]) yield { code: 200, headers: {}, body: Buffer.from(`${part};`) };
    },
    checkHealth: () => Promise.resolve({ status: HealthStatus.OK, message: where, jsonDetails: new Uint8Array() }),
    collectMetrics: absent,
    subscribeStream: () => Promise.resolve({ status: StreamStatus.OK, data: new Uint8Array() }),
    runStream: ({ path }, { signal }) => runStream(path, signal),
    publishStream: ({ data }) => {
      calls.push("publishStream");
      return Promise.resolve({ status: StreamStatus.OK, data });
    },
    validateAdmission: absent,
    mutateAdmission: absent,
    convertObjects: absent,
  };
  return {
    id,
    json: parsePluginJson(
      JSON.stringify({ id, type: "datasource", name: `${id} by name`, backend: true, streaming: true, info: { version: "1.2.3" } }),
    ),
    directory: "",
    signature: "internal",
    state: { phase: "running", reason: "Running", message: "", since: new Date(0), restarts: 0, pid: 1, note: undefined, ...state },
    client: () => Promise.resolve(client),
    restart: () => Promise.resolve(),
    running: () => [...running],
    begun: () => begun,
    calls,
  };
}
