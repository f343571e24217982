import { readFileSync, rmSync } from "node:fs";
import { request } from "node:http";
import { tableFromIPC } from "apache-arrow";
import { afterAll, beforeAll, expect, test } from "vitest";
import { admin, call } from "./testing/call.js";
import { createDataSource, dataSourcesUrl, ownGroup } from "./testing/data-plane.js";
import { installGoTestPlugin, needsGoTestPlugin, goTestPlugin as pluginId, unsignedPluginsAllowed } from "./testing/install-plugin.js";
import { describeWith } from "./testing/needs.js";
import { type StartedServer, startServer, temporaryFolder } from "./testing/start-server.js";
import { until } from "./testing/until.js";

describeWith([needsGoTestPlugin], "the forms of an answer, from outside", () => {
  const dataPath = temporaryFolder("query-forms");
  let server: StartedServer;

  beforeAll(async () => {
    installGoTestPlugin(dataPath);
    server = await startServer({ dataPath, env: { ...unsignedPluginsAllowed, GF_DATAPROXY_ROW_LIMIT: "150000" } });
    await createDataSource(server, { pluginId, uid: "main" });
    await createDataSource(server, { pluginId, uid: "older", spec: { jsonData: { alwaysArrow: true, noChunks: true } } });
  });

  afterAll(async () => {
    await server.stop();
    rmSync(dataPath, { recursive: true, force: true });
  });

  const url = (uid = "main"): string => `${dataSourcesUrl(server, pluginId)}/${uid}/query`;
  const ask = (accept: string, queries: readonly object[], where = url()): Promise<Response> =>
    fetch(where, {
      method: "POST",
      headers: { authorization: admin, accept, "content-type": "application/json" },
      body: JSON.stringify({ queries }),
    });
  const metric = async (name: string): Promise<number> => {
    const { text } = await call(`${server.url}/apis/${ownGroup(pluginId)}/v0alpha1/metrics`);
    return Number(
      text
        .split("\n")
        .find((line) => line.startsWith(`${name} `))
        ?.slice(name.length),
    );
  };
  const rssBytes = (): number => Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${server.pid}/status`, "utf8"))?.[1]) * 1024;

  /** The lines as they come, with the time of each since the request. */
  async function readLines(response: Response): Promise<{ readonly line: Record<string, unknown>; readonly atMs: number }[]> {
    const started = performance.now();
    const lines: { line: Record<string, unknown>; atMs: number }[] = [];
    let rest = "";
    const decoder = new TextDecoder();
    for await (const piece of response.body ?? []) {
      const parts = (rest + decoder.decode(piece, { stream: true })).split("\n");
      rest = parts.pop() ?? "";
      lines.push(...parts.map((text) => ({ line: JSON.parse(text) as Record<string, unknown>, atMs: performance.now() - started })));
    }
    expect(rest).toBe("");
    return lines;
  }

  test("JSON lines reach the client while the query runs", async () => {
    const response = await ask("text/jsonl", [{ refId: "A", queryType: "chunks", chunks: 4, chunkRows: 2, delayMs: 200 }]);
    expect(response.headers.get("content-type")).toBe("text/jsonl");
    const lines = await readLines(response);
    expect(lines).toHaveLength(4);
    expect((lines[3]?.atMs ?? 0) - (lines[0]?.atMs ?? 0)).toBeGreaterThan(400);
  });

  test.each(["main", "older"])("a large frame of data source %s is Arrow, CSV and lines of the same rows", async (uid) => {
    const queries = [{ refId: "A", queryType: "large" }];
    const table = tableFromIPC(new Uint8Array(await (await ask("application/vnd.apache.arrow.stream", queries, url(uid))).arrayBuffer()));
    expect(table.numRows).toBe(100_000);
    expect(table.getChild("value")?.get(99_999)).toBe(49_999.5);
    const csv = (await (await ask("text/csv", queries, url(uid))).text()).split("\r\n");
    expect(csv).toHaveLength(100_002);
    expect([csv[0], csv[1], csv[100_000]]).toEqual([
      "time,value,ratio,host",
      "2024-01-01T00:00:00Z,0,0,host-000",
      expect.stringMatching(/^2024-01-02T03:46:39Z,49999.5,0\.\d+,host-099$/),
    ]);
    const lines = await readLines(await ask("text/jsonl", queries, url(uid)));
    const rows = lines.flatMap(({ line }) => (line["frame"] as { data: { values: unknown[][] } }).data.values[1]);
    expect([rows.length, rows.at(-1)]).toEqual([100_000, 49_999.5]);
  });

  test("a result over the limit is its own error, and the others stay", async () => {
    const queries = [
      { refId: "A", queryType: "rows", rows: 150_001 },
      { refId: "B", queryType: "rows", rows: 150_000 },
    ];
    const { results } = (await (await ask("*/*", queries)).json()) as { results: Record<string, { status: number; error?: string }> };
    expect(results).toMatchObject({ A: { status: 413, error: expect.stringContaining("[dataproxy] row_limit") as string }, B: { status: 200 } });
  });

  test("several data sources are asked in one body", async () => {
    const where = `${server.url}/apis/query.grafana.app/v0alpha1/namespaces/default/query`;
    const queries = [
      { refId: "A", queryType: "small", datasource: { uid: "main" } },
      { refId: "B", queryType: "small", datasource: { uid: "older", type: pluginId } },
      { refId: "C", datasource: { uid: "nowhere" } },
    ];
    const response = await ask("application/json", queries, where);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ results: { A: { status: 200 }, B: { status: 200 }, C: { status: 404 } } });
    const discovery = await call(`${server.url}/apis/query.grafana.app/v0alpha1`);
    const { resources } = JSON.parse(discovery.text) as { readonly resources: readonly object[] };
    expect(resources).toContainEqual(expect.objectContaining({ name: "query", namespaced: true, verbs: ["create"] }));
  });

  test("a client that reads nothing holds the plugin back, in bounded memory, and is missed when it leaves", async () => {
    const before = rssBytes();
    const cancelled = await metric("acme_testplugin_chunked_cancelled_total");
    const slow = request(url(), { method: "POST", headers: { authorization: admin, accept: "text/jsonl" } });
    // The response is there, and never read: its socket fills up.
    const answered = new Promise<void>((resolve) => slow.once("response", () => resolve()));
    slow.on("error", () => undefined);
    slow.end(JSON.stringify({ queries: [{ refId: "A", queryType: "endless", chunkRows: 1000 }] }));
    await answered;
    let written = -1;
    await until("the plugin stands still", async () => {
      const before = written;
      written = await metric("acme_testplugin_chunks_total");
      await new Promise((resolve) => setTimeout(resolve, 200));
      return written === before ? true : undefined;
    });
    expect(written).toBeLessThan(2000);
    expect(rssBytes() - before).toBeLessThan(64 << 20);
    slow.destroy();
    await until("the plugin is told", async () => ((await metric("acme_testplugin_chunked_cancelled_total")) === cancelled + 1 ? true : undefined));
  });
});
