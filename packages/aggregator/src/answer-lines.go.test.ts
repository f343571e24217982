import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { links } from "@dataplane/plugin-protocol";
import { describe, expect, test } from "vitest";
import { startRealPlugins } from "./testing/a-real-plugin.js";
import { aRequest } from "./testing/call.js";
import { aDataPlaneService, startAggregator } from "./testing/start-aggregator.js";

/** Built by conformance/build-tools.sh; without Go there is none. */
const directory = fileURLToPath(new URL("../../../.cache/tools/testplugin/acme-testplugin-datasource", import.meta.url));
const missing = !existsSync(directory);
const id = "acme-testplugin-datasource";
const services = [aDataPlaneService({ plugin: id, serves: ["query"] })];
const base = `/apis/${id}.grafana.app/v0alpha1`;
const accept = { accept: "text/jsonl" };
const dataSources = [
  { pluginId: id, uid: "main" },
  { pluginId: id, uid: "unary", jsonData: { noChunks: true } },
  { pluginId: id, uid: "older", jsonData: { noChunks: true, alwaysArrow: true } },
];

interface Line {
  readonly refId: string;
  readonly frameId?: string;
  readonly frame?: { readonly schema?: { readonly name: string }; readonly data: { readonly values: readonly (readonly unknown[])[] } };
  readonly error?: string;
  readonly errorSource?: string;
  readonly status?: number;
}
const linesOf = (text: string): readonly Line[] => {
  expect(text.endsWith("\n")).toBe(true);
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);
};

describe.skipIf(missing).each(Object.entries(links))("JSON lines of a Go plugin over the %s link", (_, link) => {
  const start = async (limits: object = {}) => {
    const real = await startRealPlugins(directory, link);
    const { query, send, aggregator } = startAggregator({ plugins: real.plugins.list(), services, dataSources, limits });
    const lines = async (queries: object | readonly object[], uid = "main"): Promise<readonly Line[]> => {
      const response = await query(id, uid, queries, { headers: accept });
      expect(response).toMatchObject({ status: 200, headers: { "content-type": "text/jsonl" } });
      return linesOf(response.text);
    };
    const metric = async (name: string): Promise<number> => {
      const line = (await send("GET", `${base}/metrics`)).text.split("\n").find((it) => it.startsWith(`${name} `));
      return Number(line?.slice(name.length));
    };
    return { query, lines, metric, handler: aggregator.handler, [Symbol.asyncDispose]: () => real[Symbol.asyncDispose]() };
  };

  test("the first line of a frame has its schema, and later ones its rows", async () => {
    await using plugin = await start();
    const got = await plugin.lines({ refId: "A", queryType: "chunks", chunks: 3, chunkRows: 2 });
    expect(got.map(({ refId, frameId, frame }) => [refId, frameId, frame?.schema?.name, frame?.data.values[1]])).toEqual([
      ["A", "rows", "rows", [0, 1]],
      ["A", "rows", undefined, [2, 3]],
      ["A", "rows", undefined, [4, 5]],
    ]);
    const turns = await plugin.lines({ refId: "A", queryType: "interleaved", chunks: 2, chunkRows: 1 });
    expect(turns.map(({ frameId, frame }) => [frameId, frame?.schema?.name])).toEqual([
      ["left", "left"],
      ["right", "right"],
      ["left", undefined],
      ["right", undefined],
    ]);
  });

  test("rows are there before the query is over", async () => {
    await using plugin = await start();
    const request = aRequest("POST", `${base}/namespaces/default/datasources/main/query`, {
      headers: accept,
      body: { queries: [{ queryType: "chunks", chunks: 2, chunkRows: 1, delayMs: 30_000 }] },
    });
    const started = performance.now();
    const { body } = await plugin.handler(request);
    for await (const _line of body as AsyncIterable<Uint8Array>) break;
    expect(performance.now() - started).toBeLessThan(25_000);
  });

  test("an error midway is the last line of its query, whoever made it", async () => {
    await using plugin = await start({ callTimeoutMs: 5000 });
    const two = { refId: "A", chunks: 2, chunkRows: 1 };
    const own = await plugin.lines([
      { ...two, queryType: "chunks-error" },
      { refId: "B", queryType: "small" },
    ]);
    expect(own.map(({ refId, error, status }) => [refId, error, status])).toEqual([
      ["A", undefined, undefined],
      ["A", undefined, undefined],
      ["A", "the test plugin was asked to fail midway", 502],
      ["B", undefined, undefined],
    ]);
    for (const queryType of ["chunks-fail", "chunks-panic"]) {
      const failed = await plugin.lines({ ...two, queryType });
      expect(failed).toHaveLength(3);
      expect(failed[2]).toMatchObject({
        refId: "A",
        errorSource: "plugin",
        status: 502,
        error: expect.not.stringContaining("secret-in-an-error") as string,
      });
    }
    expect((await plugin.lines({ ...two, queryType: "wrong" })).at(-1)).toMatchObject({
      refId: "A",
      status: 502,
      error: expect.stringContaining('"wrong-A"') as string,
    });
    expect((await plugin.lines({ refId: "A", queryType: "nonsense" })).at(-1)).toMatchObject({ refId: "A", status: 400 });
  });

  test.each([
    [{ resultRows: 1000 }, "[dataproxy] row_limit", 413],
    [{ resultBytes: 100_000 }, "[dataproxy] response_limit", 413],
    [{ callTimeoutMs: 400 }, "[dataproxy] timeout", 504],
  ] as const)("an endless answer is cut at the cap %o, with its name", async (limits, key, status) => {
    await using plugin = await start(limits);
    const got = await plugin.lines({ refId: "A", queryType: "endless", chunkRows: 100, delayMs: 1 });
    expect(got.at(-1)).toMatchObject({ refId: "A", status, error: expect.stringContaining(key) as string });
    expect(got.length).toBeGreaterThan(2);
    expect(got.slice(0, -1).every(({ error }) => error === undefined)).toBe(true);
    await expect.poll(() => plugin.metric("acme_testplugin_chunked_cancelled_total")).toBe(1);
  });

  test("a slow client holds the plugin back, and one that leaves ends the call", async () => {
    await using plugin = await start({ resultRows: Number.MAX_SAFE_INTEGER });
    const client = new AbortController();
    const request = aRequest("POST", `${base}/namespaces/default/datasources/main/query`, {
      headers: accept,
      signal: client.signal,
      body: { queries: [{ refId: "A", queryType: "endless", chunkRows: 1000 }] },
    });
    const { body } = await plugin.handler(request);
    const iterator = (body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
    const memory = process.memoryUsage().rss;
    for (let line = 0; line < 5; line++) await iterator.next();
    let written = -1;
    // It fills what buffers there are, and then stands still.
    await expect
      .poll(
        async () => {
          const before = written;
          written = await plugin.metric("acme_testplugin_chunks_total");
          return written === before;
        },
        { interval: 200, timeout: 10_000 },
      )
      .toBe(true);
    expect(written).toBeLessThan(2000);
    expect(process.memoryUsage().rss - memory).toBeLessThan(64 << 20);
    for (let line = 0; line < 500; line++) await iterator.next();
    await expect.poll(() => plugin.metric("acme_testplugin_chunks_total")).toBeGreaterThan(written);
    client.abort();
    await expect.poll(() => plugin.metric("acme_testplugin_chunked_cancelled_total")).toBe(1);
    await iterator.return?.();
  });

  test("a client that left before it read a line ends the call too", async () => {
    await using plugin = await start();
    const client = new AbortController();
    const body = { queries: [{ refId: "A", queryType: "endless", chunkRows: 10, delayMs: 5 }] };
    await plugin.handler(aRequest("POST", `${base}/namespaces/default/datasources/main/query`, { headers: accept, signal: client.signal, body }));
    client.abort();
    await expect.poll(() => plugin.metric("acme_testplugin_chunked_cancelled_total")).toBe(1);
  });

  test("a plugin without chunks is asked at once, and its rows are cut into lines", async () => {
    await using plugin = await start();
    for (const uid of ["unary", "older"]) {
      const got = await plugin.lines(
        [
          { refId: "L", queryType: "large" },
          { refId: "E", queryType: "error" },
          { refId: "N", queryType: "hostile" },
        ],
        uid,
      );
      const rows = got.filter(({ refId }) => refId === "L");
      expect(rows.length).toBeGreaterThan(20);
      expect(rows.map(({ frame }) => frame?.schema?.name)).toEqual(rows.map((_line, index) => (index === 0 ? "large" : undefined)));
      const values = rows.flatMap(({ frame }) => frame?.data.values[1] ?? []);
      expect(values).toHaveLength(100_000);
      expect(values[99_999]).toBe(49_999.5);
      expect(got[0]).toMatchObject({ refId: "E", status: 502, error: "the test plugin was asked to fail" });
      expect(got.at(-1)).toEqual({ refId: "N", status: 200 });
    }
  });

  test("the same rows come by chunks and at once", async () => {
    await using plugin = await start();
    const queries = [{ refId: "A", queryType: "types" }];
    const [chunked, unary] = [await plugin.lines(queries), await plugin.lines(queries, "unary")];
    expect(unary.map(({ frame }) => frame)).toEqual(chunked.map(({ frame }) => frame));
  });

  test("what fails before the first chunk is a Status", async () => {
    await using plugin = await start();
    expect((await plugin.query(id, "nowhere", { refId: "A" }, { headers: accept })).json).toMatchObject({ kind: "Status", code: 404 });
    expect((await plugin.query(id, "main", { refId: "A", queryType: "chunks-fail" }, { headers: accept })).json).toMatchObject({
      kind: "Status",
      code: 502,
    });
  });
});
