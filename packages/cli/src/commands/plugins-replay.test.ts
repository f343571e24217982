import { existsSync } from "node:fs";
import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { silentLogger, systemClock } from "@dataplane/meta";
import { createPluginHost, type PluginClient, type PluginHost } from "@dataplane/plugin-host";
import {
  DataFrameFormat,
  GrpcError,
  links,
  openRecording,
  type PluginContext,
  type QueryDataRequest,
  recordingLink,
} from "@dataplane/plugin-protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundlePlugin } from "../testing/bundle-plugin.js";
import { root, runCli } from "../testing/run-cli.js";
import { temporaryFolder } from "../testing/temporary-folder.js";

const { signal } = new AbortController();
const options = { signal, timeoutMs: 20_000 };
const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

/** None of them may be in the file. */
const canaries = ["canary-in-secure-json", "canary-authorization", "canary-cookie", 'canary-with-"quote"', "canary-app-secret"];

function contextOf(pluginId: string, changes: Partial<PluginContext> = {}): PluginContext {
  return {
    orgId: 1,
    pluginId,
    grafanaConfig: { GF_APP_URL: "http://localhost:3000/", GF_PLUGIN_APP_CLIENT_SECRET: "canary-app-secret" },
    pluginVersion: "1.0.0",
    userAgent: "",
    apiVersion: "",
    namespace: "default",
    user: { login: "ann", name: "", email: "", role: "Admin" },
    dataSourceInstanceSettings: {
      ...{ id: 1, uid: "one", name: "one", url: "http://db", user: "", database: "", basicAuthEnabled: false, basicAuthUser: "" },
      jsonData: encode({}),
      decryptedSecureJsonData: { token: "canary-in-secure-json", other: 'canary-with-"quote"' },
      lastUpdatedMS: 1,
      apiVersion: "",
    },
    ...changes,
  };
}

const queryTypes = ["types", "small", "echo", "error", "unheard"];

function queryRequest(
  pluginContext: PluginContext,
  format: DataFrameFormat,
  types: readonly string[] = queryTypes,
  from = 1_704_067_200_000,
): QueryDataRequest {
  const queries = types.map((queryType) => ({
    refId: queryType,
    queryType,
    maxDataPoints: 100,
    intervalMS: 1000,
    timeRange: { fromEpochMS: from, toEpochMS: from + 60_000 },
    json: encode({ refId: queryType, queryType }),
  }));
  return { pluginContext, headers: { Authorization: "Bearer canary-authorization", Cookie: "canary-cookie" }, format, queries };
}

async function collect<Message>(messages: AsyncIterable<Message>): Promise<readonly Message[]> {
  const all: Message[] = [];
  for await (const message of messages) all.push(message);
  return all;
}

/** A conversation that touches every kind of call. What it gives can be compared. */
async function converse(client: PluginClient, pluginId: string): Promise<readonly unknown[]> {
  const pluginContext = contextOf(pluginId);
  const resource = {
    pluginContext,
    path: "chunks/5",
    url: "chunks/5",
    method: "GET",
    headers: { Authorization: { values: ["Bearer canary-authorization"] }, Accept: { values: ["*/*"] } },
    body: new Uint8Array(),
  };
  const channel = { pluginContext, path: "count/5", data: encode({}), headers: {} };
  const object = { raw: encode({ apiVersion: "acme.example.com/v1", spec: { title: "t" } }), contentType: "application/json" };
  const failure = await collect(client.runStream({ ...channel, path: "nowhere" }, options)).catch((thrown: unknown) => thrown);
  if (!(failure instanceof GrpcError)) throw new Error("a stream that is not there fails");
  return [
    await client.queryData(queryRequest(pluginContext, DataFrameFormat.JSON), options),
    await client.queryData(queryRequest(pluginContext, DataFrameFormat.ARROW), options),
    await collect(client.queryChunkedData(queryRequest(pluginContext, DataFrameFormat.JSON, ["small"]), options)),
    await collect(client.callResource(resource, options)),
    await client.checkHealth({ pluginContext, headers: {} }, options),
    await client.subscribeStream(channel, options),
    await collect(client.runStream(channel, options)),
    await client.publishStream({ ...channel, data: encode({ hello: 1 }) }, options),
    await client.convertObjects({ pluginContext, uid: "u", objects: [object], targetVersion: { group: "acme.example.com", version: "v2" } }, options),
    [failure.code, failure.message],
  ];
}

function startHost(folder: string, dataDirectory: string, recording?: string): PluginHost {
  const host = createPluginHost({
    directories: [{ path: folder, signature: "internal" }],
    dataDirectory,
    allowUnsigned: false,
    settingsFor: () => ({}),
    version: "12.0.0",
    link: links.native,
    ...(recording === undefined
      ? {}
      : {
          linkFor: ({ raw }) => {
            const write = openRecording(recording, raw);
            return async (target, timeoutMs, bounds) => recordingLink(await links.native(target, timeoutMs, bounds), write);
          },
        }),
    clock: systemClock,
    logger: silentLogger,
  });
  host.start();
  return host;
}

async function clientOf(host: PluginHost, id: string): Promise<PluginClient> {
  const plugin = host.get(id);
  if (plugin === undefined) throw new Error(`no plugin ${id}: ${JSON.stringify(host.problems())}`);
  return plugin.client(signal);
}

/** A secret in an answer is as many stars in the recording: the only difference there may be. */
function withoutCanaries(value: unknown): unknown {
  if (value instanceof Uint8Array) {
    let text = Buffer.from(value).toString("latin1");
    for (const canary of canaries) text = text.replaceAll(canary, "*".repeat(canary.length));
    return text;
  }
  if (Array.isArray(value)) return value.map(withoutCanaries);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, withoutCanaries(member)]));
}

const plugins = [
  { id: "acme-testplugin-datasource", folder: join(root, ".cache/tools/testplugin") },
  { id: "acme-testplugin-ts-datasource", folder: join(root, ".cache/tools/testplugin-ts") },
];

describe.each(plugins)("a recording of $id", ({ id, folder: pluginFolder }) => {
  const isBuilt = existsSync(join(pluginFolder, id, "plugin.json"));
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let host: PluginHost | undefined;
  beforeAll(async () => {
    folder = await temporaryFolder();
  });
  afterAll(async () => {
    await host?.stop();
    await folder[Symbol.asyncDispose]();
  });

  test.skipIf(!isBuilt)(
    "answers as the plugin did, byte for byte, and holds no secret (needs a build of the test plugin)",
    { timeout: 60_000 },
    async () => {
      const file = join(folder.path, "calls.jsonl");
      host = startHost(pluginFolder, join(folder.path, "data"), file);
      const live = await converse(await clientOf(host, id), id);
      await host.stop();
      const text = await readFile(file, "utf8");
      for (const canary of [...canaries, "canary-with-"]) expect(text).not.toContain(canary);
      expect((await stat(file)).mode & 0o077).toBe(0);

      // The command's own folder, but for its launcher, which would need a build.
      expect(await runCli(folder.path, ["plugins", "replay", file, "--out", join("replay", id)])).toMatchObject({ code: 0, stderr: [] });
      const json = await readFile(join(folder.path, "replay", id, "plugin.json"), "utf8");
      const code = `
      import { readRecording, replayPlugin, servePlugin } from "@dataplane/plugin-protocol";
      void servePlugin({ implementation: replayPlugin(readRecording(${JSON.stringify(file)}).calls), env: process.env });
    `;
      await bundlePlugin(join(folder.path, "bundled"), id, code);
      await writeFile(join(folder.path, "bundled", id, "plugin.json"), json.replace("gpx_replay", "gpx"));

      host = startHost(join(folder.path, "bundled"), join(folder.path, "data"));
      const client = await clientOf(host, id);
      expect(withoutCanaries(await converse(client, id))).toEqual(withoutCanaries(live));

      // Another time, another user and other secrets are the same question; another query is not.
      const other = contextOf(id, { user: { login: "bob", name: "", email: "", role: "Viewer" }, grafanaConfig: {} });
      const later = await client.queryData(queryRequest(other, DataFrameFormat.JSON, queryTypes, 1_804_067_200_000), options);
      expect(Object.keys(later.responses).sort()).toEqual([...queryTypes].sort());
      await expect(client.queryData(queryRequest(other, DataFrameFormat.JSON, ["never"]), options)).rejects.toThrow("the recording has no answer");
    },
  );
});

const isBuilt = existsSync(join(root, "packages/cli/dist/commands/plugins-replay.js"));

test.skipIf(!isBuilt)("the folder that the command writes is a plugin (needs a build)", { timeout: 60_000 }, async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "calls.jsonl");
  const id = "acme-replayed-datasource";
  const write = openRecording(file, { id, type: "datasource", name: "x", backend: true, executable: "gpx_x", info: { version: "1.0.0" } });
  const pluginContext = { namespace: "default", dataSourceInstanceSettings: { uid: "one" } };
  write({
    method: "checkHealth",
    request: { pluginContext },
    responses: [{ status: 1, message: "as it was", jsonDetails: { $text: "" } }],
    end: "ok",
  });
  expect(await runCli(folder.path, ["plugins", "replay", file, "--out", "plugins/one"])).toMatchObject({ code: 0, stderr: [] });
  const host = startHost(join(folder.path, "plugins"), join(folder.path, "data"));
  try {
    const client = await clientOf(host, id);
    expect(await client.checkHealth({ pluginContext: contextOf(id), headers: {} }, options)).toMatchObject({ status: 1, message: "as it was" });
  } finally {
    await host.stop();
  }
});

test("what is no recording is told by its line, and nothing is written over", async () => {
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, "other.txt"), "hello\n");
  expect((await runCli(folder.path, ["plugins", "replay", "other.txt", "--out", "x"])).stderr[0]).toContain("line 1 is not JSON");
  await writeFile(join(folder.path, "half.jsonl"), '{"recording":1,"plugin":{"id":"a","type":"datasource"}}\n{"method":"queryData"}\n');
  expect((await runCli(folder.path, ["plugins", "replay", "half.jsonl", "--out", "x"])).stderr[0]).toContain("line 2");
  await writeFile(join(folder.path, "good.jsonl"), '{"recording":1,"plugin":{"id":"a","type":"datasource"}}\n');
  await mkdir(join(folder.path, "full"));
  await writeFile(join(folder.path, "full", "x"), "");
  expect((await runCli(folder.path, ["plugins", "replay", "good.jsonl", "--out", "full"])).stderr[0]).toContain("not empty");
  expect((await runCli(folder.path, ["plugins", "replay", "good.jsonl"])).code).toBe(2);
});
