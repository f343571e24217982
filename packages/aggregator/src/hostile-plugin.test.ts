import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { links, type OpenLink } from "@dataplane/plugin-protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type RunningPlugins, startRealPlugins } from "./testing/a-real-plugin.js";
import { aRequest } from "./testing/call.js";
import { aDataPlaneService, startAggregator } from "./testing/start-aggregator.js";

const id = "hostile";
const maxMessageBytes = 4 << 20;
const path = "/apis/hostile.grafana.app/v0alpha1/namespaces/default/datasources/main/query";
const services = [aDataPlaneService({ plugin: id, serves: ["query"] })];
const forms = ["application/json", "text/jsonl", "text/csv", "application/vnd.apache.arrow.stream"];

/** A plugin in TypeScript, run from its source. */
async function writePlugin(folder: string): Promise<string> {
  const directory = join(folder, id);
  const arch = process.arch === "x64" ? "amd64" : process.arch;
  const executable = join(directory, `gpx_hostile_${process.platform}_${arch}`);
  await mkdir(directory, { recursive: true });
  await writeFile(
    join(directory, "plugin.json"),
    JSON.stringify({ id, type: "datasource", name: id, backend: true, executable: "gpx_hostile", info: { version: "1.0.0" } }),
  );
  const script = join(import.meta.dirname, "testing/hostile-plugin.ts");
  await writeFile(executable, `#!/bin/sh\nexec "${process.execPath}" --conditions=source --import "${import.meta.resolve("tsx")}" "${script}"\n`);
  await chmod(executable, 0o755);
  return directory;
}

describe.each(Object.entries(links))("what a hostile plugin sends over the %s link", (_, open) => {
  const link: OpenLink = (target, timeoutMs) => open(target, timeoutMs, { maxMessageBytes });
  let folder: string;
  let real: RunningPlugins;
  let started: ReturnType<typeof startAggregator>;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "hostile-"));
    real = await startRealPlugins(await writePlugin(folder), link);
    started = startAggregator({ plugins: real.plugins.list(), services, limits: { callTimeoutMs: 20_000, resultRows: 1000, resultBytes: 64 << 20 } });
    const first = await started.query(id, "main", { refId: "A", queryType: "sound" });
    expect(first.text).toContain("[1,2]");
  }, 60_000);
  afterAll(async () => {
    await real[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  const ask = (queryType: string, accept: string, more: object = {}) =>
    started.query(id, "main", [{ refId: "A", queryType, ...more }], { headers: { accept } });
  const grownBy = async (run: () => Promise<unknown>): Promise<number> => {
    const before = process.memoryUsage().rss;
    await run();
    return process.memoryUsage().rss - before;
  };

  test.each([
    "bad-json",
    "nan-in-json",
    "null-frame",
    "not-utf8",
    "deep-json",
    "two-frames-in-one",
    "broken-arrow",
    "json-called-arrow",
    "arrow-called-json",
  ])("%s is an error of its result in every form", async (queryType) => {
    for (const accept of forms) {
      const response = await ask(queryType, accept);
      expect(response.text).toContain("the plugin sent a broken data frame");
      expect(response.text).toContain('"status":502');
      // Nothing was data, so nothing says so.
      expect(response.status).toBe(accept === forms[0] || accept === forms[1] ? 200 : 502);
    }
  });

  test("a good result beside a broken one stays", async () => {
    const response = await started.query(id, "main", [
      { refId: "A", queryType: "bad-json" },
      { refId: "B", queryType: "sound" },
    ]);
    expect(response.json).toMatchObject({ results: { A: { status: 502 }, B: { status: 200, frames: [{}] } } });
  });

  test("an answer under another refId leaves the query without one, and pollutes nothing", async () => {
    expect((await ask("wrong-ref-id", "application/json")).json).toMatchObject({
      results: { A: { status: 500, error: "the plugin gave no answer to this query" } },
    });
    const lines = (await ask("wrong-ref-id", "text/jsonl")).text;
    expect(JSON.parse(lines)).toMatchObject({ refId: "A", status: 502, error: expect.stringContaining("not asked") as string });
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  test("an odd status becomes one that HTTP has", async () => {
    expect((await ask("odd-status", "application/json")).json).toMatchObject({ results: { A: { status: 500, error: "no" } } });
    expect((await ask("odd-status", "text/csv")).status).toBe(500);
  });

  test("line breaks in a frame break no line", async () => {
    const { text } = await ask("line-breaks", "text/jsonl");
    expect(text.indexOf("\n")).toBe(text.length - 1);
    expect(JSON.parse(text)).toMatchObject({ frame: { data: { values: [[1]] } } });
  });

  test("a message over the limit fails the call in every form, names its key, and costs no memory; the plugin goes on", async () => {
    for (const accept of forms) {
      const grown = await grownBy(async () => {
        expect((await ask("large", accept, { megabytes: 96 })).json).toMatchObject({
          kind: "Status",
          code: 502,
          reason: "BadGateway",
          message: expect.stringContaining("[dataproxy] max_plugin_message") as string,
        });
      });
      expect(grown).toBeLessThan(64 << 20);
    }
    expect((await ask("sound", "application/json")).status).toBe(200);
  });

  test.each(["endless-large", "endless-frames"])("%s is cut at a cap, in bounded memory", async (queryType) => {
    const request = aRequest("POST", path, { headers: { accept: "text/jsonl" }, body: { queries: [{ refId: "A", queryType }] } });
    let last = "";
    let bytes = 0;
    const grown = await grownBy(async () => {
      const { body } = await started.aggregator.handler(request);
      for await (const piece of body as AsyncIterable<Uint8Array>) {
        last = Buffer.from(piece).subarray(0, 300).toString();
        bytes += piece.byteLength;
      }
    });
    expect(JSON.parse(last)).toMatchObject({ refId: "A", status: 413, error: expect.stringContaining("[dataproxy]") as string });
    expect(bytes).toBeLessThan(65 << 20);
    expect(grown).toBeLessThan(96 << 20);
  });
});
