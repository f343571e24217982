import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundlePlugin } from "../testing/bundle-plugin.js";
import { root, runCli } from "../testing/run-cli.js";
import { temporaryFolder } from "../testing/temporary-folder.js";
import { writePlugin } from "../testing/write-plugin.js";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder[Symbol.asyncDispose]());

/** The lines that say `not ok`. */
async function failuresOf(...argv: readonly string[]): Promise<readonly string[]> {
  const { code, stdout, stderr } = await runCli(folder.path, ["plugins", "test", ...argv]);
  const failures = stdout.filter((line) => line.startsWith("not ok"));
  expect([code, stderr]).toEqual([failures.length === 0 ? 0 : 1, []]);
  expect(stdout[0]).toBe("TAP version 14");
  return failures;
}

const queries = JSON.stringify({ queries: [{ refId: "A", queryType: "types" }, { queryType: "small" }, { refId: "E", queryType: "error" }] });
const built = [
  {
    path: ".cache/tools/testplugin/acme-testplugin-datasource",
    executable: "gpx_testplugin_linux_amd64",
    query: queries,
    more: ["--channel", "tick/10"],
  },
  {
    path: ".cache/tools/testplugin-ts/acme-testplugin-ts-datasource",
    executable: "main.mjs",
    query: queries,
    more: ["--channel", "tick/10", "--resource", "chunks/5"],
  },
  {
    path: "plugins/grafana-testdata-datasource",
    executable: "dist/main.js",
    query: JSON.stringify({ scenarioId: "random_walk" }),
    more: ["--channel", "random-20Hz-stream"],
  },
  { path: "plugins/prometheus", executable: "dist/main.js", query: JSON.stringify([{ refId: "A", expr: "up" }]), more: [] },
];

describe.each(built)("$path", ({ path, executable, query, more }) => {
  test.skipIf(!existsSync(join(root, path, executable)))("keeps the protocol (needs a build)", { timeout: 60_000 }, async () => {
    await writeFile(join(folder.path, "query.json"), query);
    await writeFile(join(folder.path, "settings.json"), JSON.stringify({ url: "http://127.0.0.1:9", jsonData: {}, secureJsonData: { token: "t" } }));
    expect(await failuresOf(join(root, path), "--query", "query.json", "--settings", "settings.json", ...more)).toEqual([]);
  });
});

/** A sound plugin, but for what is put in. */
const plugin = (parts: string, around = ""): string => `
  import { codecs, DataFrameFormat, GrpcCode, GrpcError, servePlugin } from "@dataplane/plugin-protocol";
  const none = new Uint8Array();
  const bytes = (value) => new TextEncoder().encode(JSON.stringify(value));
  const frame = { schema: { fields: [{ name: "v", type: "number", typeInfo: { frame: "float64" } }] }, data: { values: [[1, 2]] } };
  const ok = { frames: [bytes(frame)], error: "", jsonMeta: none, status: 200, errorSource: "", format: DataFrameFormat.JSON };
  const each = (request, answer) => ({ responses: Object.fromEntries(request.queries.map(({ refId }) => [refId, answer])) });
  const sound = {
    queryData: async (request) => each(request, ok),
    checkHealth: async () => ({ status: 1, message: "well", jsonDetails: none }),
    async *callResource() { yield { code: 200, headers: {}, body: none }; },
  };
  let onShutdown;
  ${around}
  void servePlugin({ implementation: { ...sound, ${parts} }, env: process.env, onShutdown });
`;

test("a plugin that keeps the protocol in its own way passes", { timeout: 60_000 }, async () => {
  await bundlePlugin(folder.path, "sound", plugin(""));
  expect(await failuresOf("sound")).toEqual([]);
});

test("a plugin of a small SDK passes: five fields, TCP, no TLS, no controller, and nothing served", { timeout: 60_000 }, async () => {
  await writePlugin(
    folder.path,
    "bare",
    `const http2 = require("node:http2");
    const server = http2.createServer();
    server.on("stream", (stream) => {
      stream.on("error", () => undefined);
      stream.respond({ ":status": 200, "content-type": "application/grpc", "grpc-status": 12 }, { endStream: true });
    });
    process.on("SIGINT", () => undefined);
    server.listen(0, "127.0.0.1", () => console.log("1|2|tcp|127.0.0.1:" + server.address().port + "|grpc"));`,
  );
  expect(await failuresOf("bare")).toEqual([]);
});

// Side by side: each waits most of its time.
test.concurrent.each([
  { fault: "a wrong refId", parts: "queryData: async () => ({ responses: { X: ok } })", expected: /by its refId.*got X/ },
  {
    fault: "a refId too many",
    parts: "queryData: async (request) => ({ responses: { ...each(request, ok).responses, X: ok } })",
    expected: /by its refId/,
  },
  {
    fault: "a frame that is no JSON",
    parts: 'queryData: async (request) => each(request, { ...ok, frames: [new TextEncoder().encode("{")] })',
    expected: /frame 0 of A cannot be read as JSON/,
  },
  {
    fault: "columns of different lengths",
    parts: "queryData: async (request) => each(request, { ...ok, frames: [bytes({ schema: { fields: [{}, {}] }, data: { values: [[1], []] } })] })",
    expected: /differ in length/,
  },
  {
    fault: "JSON that says it is Arrow",
    parts: "queryData: async (request) => each(request, { ...ok, format: DataFrameFormat.ARROW })",
    expected: /cannot be read as Arrow/,
  },
  { fault: "an error without words", parts: "queryData: async (request) => each(request, { ...ok, status: 500 })", expected: /no error text/ },
  {
    fault: "an end when the caller leaves",
    parts:
      'async *callResource(_, { signal }) { signal.addEventListener("abort", () => process.exit(3)); await new Promise((r) => setTimeout(r, 50)); yield { code: 200, headers: {}, body: none }; }',
    // On a busy machine an earlier check may leave before its answer has ended.
    expected: /its process exited with code 3/,
  },
  {
    fault: "an end without settings",
    parts:
      "checkHealth: async ({ pluginContext }) => pluginContext.dataSourceInstanceSettings ? { status: 1, message: '', jsonDetails: none } : process.exit(4)",
    expected: /without settings/,
  },
  {
    fault: "a resource without a status",
    parts: "async *callResource() { yield { code: 0, headers: {}, body: none }; }",
    expected: /first message's status is 0/,
  },
  { fault: "a stream without a message", parts: "async *callResource() {}", expected: /without a message/ },
  {
    fault: "a health status that is none",
    parts: "checkHealth: async () => ({ status: 7, message: '', jsonDetails: none })",
    expected: /its status is 7/,
  },
  {
    fault: "details that are no JSON",
    parts: 'checkHealth: async () => ({ status: 1, message: "", jsonDetails: new TextEncoder().encode("oops") })',
    expected: /jsonDetails is not JSON/,
  },
  {
    fault: "a chunk of another query",
    parts:
      'async *queryChunkedData() { yield { refId: "X", frameId: "f", frame: bytes(frame), error: "", status: 200, errorSource: "", format: 1 }; }',
    expected: /query "X", which was not asked/,
  },
  {
    fault: "an object lost in conversion",
    parts:
      'convertObjects: async ({ uid, objects }) => ({ uid, objects: objects.slice(1), result: { status: "Success", message: "", reason: "", code: 200 } })',
    expected: /2 objects went in, 1 came out/,
  },
  {
    fault: "answers that are mixed up under load",
    parts:
      "queryData: async (request) => { const last = globalThis.last; globalThis.last = request; await new Promise((r) => setTimeout(r, 5)); return each(globalThis.last, ok); }",
    expected: /32 calls at once/,
  },
  {
    fault: "rows whose schema is never sent",
    parts: "subscribeStream: async () => ({ status: 0, data: none }), async *runStream() { yield { data: bytes({ data: { values: [[1]] } }) }; }",
    expected: /schema was never sent/,
  },
  {
    fault: "a packet that is no JSON",
    parts: 'subscribeStream: async () => ({ status: 0, data: none }), async *runStream() { yield { data: new TextEncoder().encode("oops") }; }',
    expected: /packet 0 is not JSON/,
  },
  {
    fault: "a subscriber who is turned away",
    parts: "subscribeStream: async () => ({ status: 2, data: none })",
    expected: /status is PERMISSION_DENIED/,
  },
])("$fault is found", { timeout: 60_000 }, async ({ fault, parts, expected }) => {
  const id = fault.replaceAll(" ", "-").toLowerCase();
  await bundlePlugin(folder.path, id, plugin(parts));
  const failures = await failuresOf(id, "--channel", "any");
  expect(failures.join("\n")).toMatch(expected);
});

test("a plugin that does not end is found", { timeout: 60_000 }, async () => {
  await bundlePlugin(folder.path, "endless", plugin("", "onShutdown = () => new Promise(() => setInterval(() => undefined, 1000));"));
  expect((await failuresOf("endless")).join("\n")).toMatch(/ends in order.*still runs/);
});

test("a plugin that a Ctrl-C ends is found", { timeout: 60_000 }, async () => {
  await bundlePlugin(folder.path, "interrupted", plugin("", 'process.on("SIGINT", () => process.exit(130));'));
  expect((await failuresOf("interrupted")).join("\n")).toMatch(/Ctrl-C.*exited with code 130/);
});

test.each([
  { fault: "no handshake", script: 'console.log("hello"); setInterval(() => undefined, 1000);', expected: /no handshake/ },
  {
    fault: "another protocol version",
    script: 'console.log("1|1|tcp|127.0.0.1:1|grpc"); setInterval(() => undefined, 1000);',
    expected: /version "1"/,
  },
  {
    fault: "an address elsewhere",
    script: 'console.log("1|2|tcp|10.0.0.1:80|grpc"); setInterval(() => undefined, 1000);',
    expected: /not on loopback/,
  },
  {
    fault: "an early end",
    script: 'console.error("no database"); process.exit(2);',
    expected: /exited with code 2 before its handshake.*no database/,
  },
])("$fault is found at the start, and ends the run", { timeout: 60_000 }, async ({ script, expected }) => {
  await writePlugin(folder.path, "stillborn", script);
  const failures = await failuresOf("stillborn");
  expect(failures.at(-1)).toMatch(expected);
});

test("files that cannot be read are the caller's mistake", async () => {
  await writePlugin(folder.path, "any", "");
  await writeFile(join(folder.path, "broken.json"), "{");
  expect((await runCli(folder.path, ["plugins", "test", "any", "--query", "broken.json"])).code).toBe(2);
  expect((await runCli(folder.path, ["plugins", "test", "any", "--settings", "nowhere.json"])).code).toBe(1);
  expect((await runCli(folder.path, ["plugins", "test"])).code).toBe(2);
});
