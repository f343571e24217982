import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { ApiObject, JsonObject } from "@dataplane/meta";
import { silentLogger, systemClock } from "@dataplane/meta";
import { afterEach, beforeEach, expect, test } from "vitest";
import { aPlugin, testPlugins } from "../testing/a-plugin.js";
import { manifestsRef, startServer, type TestServer } from "../testing/start-server.js";
import { manifestsOnDiskController } from "./manifests-on-disk-controller.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "manifests-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const id = "acme-things-app";
const versions: readonly JsonObject[] = [{ name: "v1", kinds: [] }];
const put = (spec: JsonObject, name = "things"): void =>
  writeFileSync(
    path.join(folder, "app-manifest.json"),
    JSON.stringify({ apiVersion: "apps.grafana.app/v1alpha2", kind: "AppManifest", metadata: { name }, spec: { appName: name, versions, ...spec } }),
  );

const names = async ({ client }: TestServer): Promise<readonly string[]> =>
  (await client.list<ApiObject>(manifestsRef)).items.map(({ metadata }) => metadata.name);
const manifestOf = ({ client }: TestServer): Promise<ApiObject> => client.get<ApiObject>(manifestsRef, { name: "things" });
const patiently = { timeout: 15_000, interval: 20 };

interface LoadOptions {
  readonly plugins?: ReturnType<typeof testPlugins>;
  readonly isElsewhere?: (pluginId: string) => boolean;
}

function load(server: TestServer, { plugins = testPlugins(aPlugin(id, folder)), ...others }: LoadOptions = {}) {
  const lines: string[] = [];
  const say = (fields: object): void => void lines.push(JSON.stringify(fields));
  const logger = { ...silentLogger, warn: say };
  const found = Promise.resolve();
  server.start(manifestsOnDiskController({ client: server.client, plugins, found, periodMs: 20, clock: systemClock, logger, ...others }));
  return { plugins, lines };
}

test("a manifest is applied, applied again when its file changes, and goes with its plugin", async () => {
  await using server = await startServer();
  put({ group: "things.ext.example.com" });
  const { plugins } = load(server);
  await expect.poll(() => names(server), patiently).toEqual(["things"]);
  expect((await manifestOf(server)).metadata.labels).toEqual({ "dataplane/managed": "true", "dataplane/plugin": id });
  put({ group: "things.ext.example.com", appDisplayName: "Things" });
  await expect.poll(async () => (await manifestOf(server))["spec"], patiently).toMatchObject({ appDisplayName: "Things" });
  plugins.remove(id);
  await expect.poll(() => names(server), patiently).toEqual([]);
});

test("a file that cannot be read any more, or is refused, leaves what was loaded as it is; without a file it goes", async () => {
  await using server = await startServer();
  put({ group: "things.ext.example.com" });
  const { lines } = load(server);
  await expect.poll(() => names(server), patiently).toEqual(["things"]);
  writeFileSync(path.join(folder, "app-manifest.json"), '{"kind": "AppManif');
  await expect.poll(() => lines.length, patiently).toBe(1);
  expect(await names(server)).toEqual(["things"]);
  put({ group: "no group" });
  await expect.poll(() => lines.length, patiently).toBe(2);
  expect(lines[1]).toContain("spec.group");
  expect((await manifestOf(server))["spec"]).toMatchObject({ group: "things.ext.example.com" });
  rmSync(path.join(folder, "app-manifest.json"));
  await expect.poll(() => names(server), patiently).toEqual([]);
});

test("what somebody else applied under that name stays his", async () => {
  await using server = await startServer();
  const spec = { appName: "things", group: "theirs.ext.example.com", versions };
  await server.client.create<ApiObject>(manifestsRef, {
    apiVersion: "apps.grafana.app/v1alpha2",
    kind: "AppManifest",
    metadata: { name: "things" },
    ...{ spec },
  });
  put({ group: "things.ext.example.com" });
  const { lines, plugins } = load(server);
  await expect.poll(() => lines.join("\n"), patiently).toContain("somebody else's");
  plugins.remove(id);
  put({ group: "things.ext.example.com" }, "others");
  plugins.put(aPlugin(id, folder));
  await expect.poll(() => names(server), patiently).toEqual(["others", "things"]);
  expect((await manifestOf(server))["spec"]).toMatchObject({ group: "theirs.ext.example.com" });
});

test("of several servers none withdraws what another has; it goes when the last one loses it", async () => {
  await using server = await startServer();
  put({ group: "things.ext.example.com" });
  const withIt = new Set(["here"]);
  const { plugins } = load(server, { isElsewhere: () => withIt.has("elsewhere") });
  await expect.poll(() => names(server), patiently).toEqual(["things"]);
  // A server that never had it.
  const other = load(server, { plugins: testPlugins(), isElsewhere: () => withIt.has("here") });
  other.plugins.put(aPlugin("acme-other-app", path.join(folder, "none")));
  await systemClock.sleep(200);
  expect(await names(server)).toEqual(["things"]);
  // Nor while the one that has it is away for a moment.
  withIt.delete("here");
  other.plugins.remove("acme-other-app");
  await systemClock.sleep(200);
  expect(await names(server)).toEqual(["things"]);
  plugins.remove(id);
  await expect.poll(() => names(server), patiently).toEqual([]);
});
