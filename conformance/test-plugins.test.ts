import { existsSync } from "node:fs";
import path from "node:path";
import { AdmissionOperation, DataFrameFormat, GrpcError, type PluginContext, type QueryDataRequest } from "@dataplane/plugin-protocol";
import { type RunningPlugin, startPlugin } from "@dataplane/plugin-sdk/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeWith, type Need } from "./testing/needs.js";
import { tools } from "./testing/root.js";

// What is a case for the plugin in Go is one for its twin in TypeScript: a host's test may run against either.
const goId = "acme-testplugin-datasource";
const twinId = "acme-testplugin-ts-datasource";
const goFile = path.join(tools, "testplugin", goId, "gpx_testplugin_linux_amd64");
const twinFile = path.join(tools, "testplugin-ts", twinId, "gpx_testplugin_linux_amd64");
const needsBoth: Need = {
  name: "both test plugins (conformance/build-tools.sh builds them)",
  isThere: () => existsSync(goFile) && existsSync(twinFile),
};

const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const decode = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);

/** The same context for both, but for the plugin's id. */
function contextOf(pluginId: string, jsonData: object = {}): PluginContext {
  return {
    orgId: 3,
    pluginId,
    grafanaConfig: {},
    pluginVersion: "1.0.0",
    userAgent: "",
    apiVersion: "",
    namespace: "org-3",
    user: { login: "ann", name: "", email: "", role: "Editor" },
    dataSourceInstanceSettings: {
      ...{ id: 7, uid: "one", name: "one", url: "http://localhost:9090", user: "", database: "", basicAuthEnabled: false, basicAuthUser: "" },
      jsonData: encode(jsonData),
      decryptedSecureJsonData: { token: "s3cret" },
      lastUpdatedMS: JSON.stringify(jsonData).length,
      apiVersion: "",
    },
  };
}

interface CaseQuery {
  readonly refId: string;
  readonly queryType: string;
  readonly [key: string]: unknown;
}

function queryRequest(pluginId: string, queries: readonly CaseQuery[], format: DataFrameFormat, jsonData: object = {}): QueryDataRequest {
  return {
    pluginContext: contextOf(pluginId, jsonData),
    headers: {},
    format,
    queries: queries.map((query) => ({
      refId: query.refId,
      queryType: query.queryType,
      maxDataPoints: 100,
      intervalMS: 1000,
      timeRange: { fromEpochMS: 1_704_067_200_120, toEpochMS: 1_704_070_800_000 },
      json: encode(query),
    })),
  };
}

describeWith([needsBoth], "the test plugin in Go and its twin in TypeScript", () => {
  let go: RunningPlugin;
  let twin: RunningPlugin;

  beforeAll(async () => {
    [go, twin] = await Promise.all([startPlugin({ file: goFile, native: true }), startPlugin({ file: twinFile })]);
  });
  afterAll(async () => {
    expect([await go.stop(), await twin.stop()]).toEqual([0, 0]);
  });

  /** What each makes of a call. */
  const both = async <Answer>(work: (plugin: RunningPlugin, id: string) => Promise<Answer>): Promise<readonly [Answer, Answer]> => [
    await work(go, goId),
    await work(twin, twinId),
  ];

  async function collect<Message>(messages: AsyncIterable<Message>): Promise<readonly Message[]> {
    const all: Message[] = [];
    for await (const message of messages) all.push(message);
    return all;
  }

  test.each([
    { name: "small", queries: [{ refId: "A", queryType: "small" }] },
    { name: "large", queries: [{ refId: "A", queryType: "large" }] },
    { name: "rows", queries: [{ refId: "A", queryType: "rows", rows: 1234 }] },
    { name: "no rows", queries: [{ refId: "A", queryType: "rows", rows: 0 }] },
    { name: "too many rows", queries: [{ refId: "A", queryType: "rows", rows: 1_000_001 }] },
    { name: "every type of field", queries: [{ refId: "A", queryType: "types" }] },
    { name: "an error", queries: [{ refId: "A", queryType: "error" }] },
    { name: "a slow answer", queries: [{ refId: "A", queryType: "slow", delayMs: 20 }] },
    { name: "an unknown type", queries: [{ refId: "A", queryType: "unheard" }] },
    {
      name: "several at once",
      queries: [
        { refId: "A", queryType: "types" },
        { refId: "B", queryType: "error" },
        { refId: "C", queryType: "rows", rows: 3 },
      ],
    },
  ])("answer the same bytes in JSON: $name", async ({ queries }) => {
    const [ofGo, ofTwin] = await both(async (plugin, id) => {
      const { responses } = await plugin.call("queryData", queryRequest(id, queries, DataFrameFormat.JSON));
      return Object.fromEntries(
        Object.entries(responses).map(([refId, { frames, error, status, format }]) => [refId, { frames: frames.map(decode), error, status, format }]),
      );
    });
    // One comparison of texts first: a difference of megabytes would be printed for minutes.
    expect(Object.keys(ofTwin).sort()).toEqual(Object.keys(ofGo).sort());
    for (const refId of Object.keys(ofGo)) {
      expect({ ...ofTwin[refId], frames: undefined }).toEqual({ ...ofGo[refId], frames: undefined });
      expect(ofTwin[refId]?.frames.join("\n") === ofGo[refId]?.frames.join("\n"), ofTwin[refId]?.frames.join("\n").slice(0, 2000)).toBe(true);
    }
  });

  test("answer in Arrow when a data source says so, whatever is asked for", async () => {
    const [ofGo, ofTwin] = await both(async (plugin, id) => {
      const { responses } = await plugin.call(
        "queryData",
        queryRequest(id, [{ refId: "A", queryType: "small" }], DataFrameFormat.JSON, { alwaysArrow: true }),
      );
      return { format: responses["A"]?.format, magic: decode(responses["A"]?.frames[0]?.slice(0, 6)) };
    });
    expect(ofGo).toEqual({ format: DataFrameFormat.ARROW, magic: "ARROW1" });
    expect(ofTwin).toEqual(ofGo);
  });

  test("echo what reached them", async () => {
    const [ofGo, ofTwin] = await both(async (plugin, id) => {
      const { responses } = await plugin.call("queryData", queryRequest(id, [{ refId: "A", queryType: "echo" }], DataFrameFormat.JSON));
      return decode(responses["A"]?.frames[0]).replaceAll(id, "ID");
    });
    expect(ofTwin).toBe(ofGo);
    expect(ofGo).toContain("s3cret");
  });

  test.each([
    { path: "some/path", url: "some/path?a=1&b=%20", method: "POST", body: "hi" },
    { path: "status/418", url: "status/418", method: "GET", body: "" },
    { path: "status/99", url: "status/99", method: "GET", body: "" },
    { path: "chunks/7", url: "chunks/7", method: "GET", body: "" },
    { path: "chunks/0", url: "chunks/0", method: "GET", body: "" },
  ])("answer the resource $path", async ({ path: at, url, method, body }) => {
    const [ofGo, ofTwin] = await both(async (plugin, id) => {
      const headers = { "X-One": { values: ["1", "2"] } };
      const request = { pluginContext: contextOf(id), path: at, url, method, headers, body: new TextEncoder().encode(body) };
      const messages = await collect(plugin.stream("callResource", request));
      const [first] = messages;
      return {
        code: first?.code,
        type: first?.headers["Content-Type"]?.values,
        // Go escapes "&" in JSON and writes header names its own way.
        bodies: messages.map(({ body: piece }) => decode(piece).replaceAll(id, "ID").replaceAll("\\u0026", "&").toLowerCase()),
      };
    });
    expect(ofTwin).toEqual(ofGo);
  });

  test.each([{}, { healthy: false }])("check health with %j", async (jsonData) => {
    const [ofGo, ofTwin] = await both(async (plugin, id) => {
      const { jsonDetails, ...answer } = await plugin.call("checkHealth", { pluginContext: contextOf(id, jsonData), headers: {} });
      return { ...answer, details: JSON.parse(decode(jsonDetails)) as unknown };
    });
    expect(ofTwin).toEqual(ofGo);
  });

  test.each(["count/3", "denied", "nowhere", "count/0"])("subscribe to %s", async (at) => {
    const [ofGo, ofTwin] = await both(async (plugin, id) => {
      const { status, data } = await plugin.call("subscribeStream", { pluginContext: contextOf(id), path: at, data: encode({}), headers: {} });
      return { status, data: decode(data) };
    });
    expect(ofTwin).toEqual(ofGo);
  });

  test("run a stream that ends: the first packet has the schema, the others rows alone", async () => {
    const [ofGo, ofTwin] = await both(async (plugin, id) => {
      const packets = plugin.stream("runStream", { pluginContext: contextOf(id), path: "count/50", data: encode({}), headers: {} });
      return (await collect(packets)).map(({ data }) => decode(data));
    });
    expect(ofGo).toHaveLength(50);
    expect(ofTwin).toEqual(ofGo);
  });

  test("stop a stream without end when the host leaves", async () => {
    await both(async (plugin, id) => {
      for await (const { data } of plugin.stream("runStream", { pluginContext: contextOf(id), path: "tick/5", data: encode({}), headers: {} })) {
        expect(decode(data)).toContain('"values"');
        break;
      }
    });
  });

  test.each(["room", "denied"])("publish to %s", async (at) => {
    const [ofGo, ofTwin] = await both(async (plugin, id) => {
      const data = encode([1, { a: null }]);
      const answer = await plugin.call("publishStream", { pluginContext: contextOf(id), path: at, data, headers: {} });
      return { ...answer, data: decode(answer.data) };
    });
    expect(ofTwin).toEqual(ofGo);
  });

  const kind = { group: "acme.example.com", version: "v1", kind: "Thing" };
  const thing = (spec: object) => ({ apiVersion: "acme.example.com/v1", kind: "Thing", metadata: { name: "x", annotations: { a: "b" } }, spec });

  test.each([
    { operation: "CREATE", object: thing({}) },
    { operation: "UPDATE", object: thing({ warn: "careful" }) },
    { operation: "CREATE", object: thing({ deny: "not on Fridays" }) },
    { operation: "DELETE", object: undefined },
  ] as const)("admit: $operation $object.spec", async ({ operation, object }) => {
    const [ofGo, ofTwin] = await both(async (plugin, id) => {
      const objectBytes = object === undefined ? new Uint8Array() : encode(object);
      const request = { pluginContext: contextOf(id), operation: AdmissionOperation[operation], kind, objectBytes, oldObjectBytes: new Uint8Array() };
      const mutated = await plugin.call("mutateAdmission", request);
      // Who mutated it is told by each in its own name.
      const text = decode(mutated.objectBytes).replace(/"[\w-]+\/(CREATE|UPDATE)"/, '"ID/$1"');
      return {
        validated: await plugin.call("validateAdmission", request),
        mutated: { ...mutated, objectBytes: text === "" ? text : (JSON.parse(text) as unknown) },
      };
    });
    expect(ofTwin.validated).toEqual(ofGo.validated);
    expect(ofTwin.mutated).toEqual(ofGo.mutated);
  });

  test.each(["v1", "v2"])("convert to %s", async (version) => {
    const [ofGo, ofTwin] = await both(async (plugin, id) => {
      const objects = [thing({ title: "t", other: 1 }), thing({ name: "n" })].map((it) => ({ raw: encode(it), contentType: "application/json" }));
      const answer = await plugin.call("convertObjects", {
        pluginContext: contextOf(id),
        uid: "u",
        objects,
        targetVersion: { group: "acme.example.com", version },
      });
      return { uid: answer.uid, status: answer.result?.status, objects: answer.objects.map(({ raw }) => JSON.parse(decode(raw)) as unknown) };
    });
    expect(ofTwin).toEqual(ofGo);
  });

  test.each([
    { queryType: "chunks", chunks: 3, chunkRows: 2 },
    { queryType: "chunks", chunks: 2, chunkRows: 1, delayMs: 10 },
    { queryType: "chunks", chunks: 0, chunkRows: 1 },
    { queryType: "chunks-error", chunks: 1, chunkRows: 1 },
    { queryType: "interleaved", chunks: 2, chunkRows: 1 },
  ])("answer in the same chunks: %j", async (query) => {
    const [ofGo, ofTwin] = await both(async (plugin, id) => {
      const chunks = await collect(plugin.stream("queryChunkedData", queryRequest(id, [{ refId: "A", ...query }], DataFrameFormat.JSON)));
      return chunks.map(({ frame, errorSource: _, format: __, ...rest }) => ({ ...rest, frame: decode(frame) }));
    });
    expect(ofTwin).toEqual(ofGo);
  });

  test("stop chunks without end when the host leaves", async () => {
    await both(async (plugin, id) => {
      const queries = [{ refId: "A", queryType: "endless", chunkRows: 10 }];
      let taken = 0;
      for await (const { frame } of plugin.stream("queryChunkedData", queryRequest(id, queries, DataFrameFormat.JSON))) {
        expect(decode(frame)).toContain('"values"');
        taken += 1;
        if (taken === 20) break;
      }
    });
  });

  test("an unknown query type is no failed call", async () => {
    const queries = [{ refId: "A", queryType: "constructor" }];
    const [ofGo, ofTwin] = await both(async (plugin, id) => {
      const answer = await plugin.call("queryData", queryRequest(id, queries, DataFrameFormat.JSON)).catch((thrown: unknown) => thrown);
      expect(answer).not.toBeInstanceOf(GrpcError);
      return answer;
    });
    expect(ofTwin).toMatchObject({ responses: { A: { status: 400 } } });
    expect(ofGo).toMatchObject({ responses: { A: { status: 400 } } });
  });
});
