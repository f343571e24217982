import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { silentLogger, systemClock } from "@dataplane/meta";
import { createPluginHost } from "@dataplane/plugin-host";
import { links, type PluginContext } from "@dataplane/plugin-protocol";
import { expect, test } from "vitest";
import { root, runCli } from "../testing/run-cli.js";
import { temporaryFolder } from "../testing/temporary-folder.js";

const bin = (name: string) => join(root, "node_modules", ".bin", name);
const run = promisify(execFile);

/** What `npm install` does, with the workspace's own packages in place of the registry's. */
async function install(project: string): Promise<void> {
  await symlink(join(root, "node_modules"), join(project, "node_modules"));
}

/** What `npm run build` and `npm test` do; the packages' sources stand for their builds. */
async function buildAndTest(project: string): Promise<string> {
  const cwd = { cwd: project };
  await run(bin("tsc"), ["--customConditions", "source"], cwd);
  const script = await readFile(join(project, "build.mjs"), "utf8");
  await writeFile(join(project, "build.mjs"), script.replace("bundle: true,", 'bundle: true, conditions: ["source"],'));
  await run(process.execPath, ["build.mjs"], cwd);
  const nodeOptions = ["--conditions=source", "--import", "tsx", "--test"];
  const { stdout } = await run(process.execPath, [...nodeOptions, join("src", "plugin.test.ts")], cwd);
  return stdout;
}

/** Starts the project's built plugin as the server does, and asks for its health. */
async function healthUnderHost(folder: string, project: string, id: string, context: Partial<PluginContext>) {
  const host = createPluginHost({
    directories: [{ path: project, signature: "internal" }],
    dataDirectory: join(folder, "data"),
    allowUnsigned: false,
    settingsFor: () => ({}),
    version: "12.0.0",
    link: links.native,
    clock: systemClock,
    logger: silentLogger,
  });
  host.start();
  try {
    const { signal } = new AbortController();
    const client = await host.get(id)?.client(signal);
    const pluginContext = {
      orgId: 1,
      pluginId: id,
      grafanaConfig: {},
      pluginVersion: "",
      userAgent: "",
      apiVersion: "",
      namespace: "default",
      ...context,
    };
    return await client?.checkHealth({ pluginContext, headers: {} }, { signal });
  } finally {
    await host.stop();
  }
}

const settings = { jsonData: new TextEncoder().encode("{}"), decryptedSecureJsonData: {}, lastUpdatedMS: 1, apiVersion: "" };

test("a new data source's test passes, and the host starts it", { timeout: 120_000 }, async () => {
  await using folder = await temporaryFolder();
  const made = await runCli(folder.path, ["create", "plugin", "My Waves", "--skip-sdk"]);
  expect(made).toMatchObject({ code: 0, stderr: [] });
  expect(made.stdout[0]).toContain("my-waves-datasource");
  const project = join(folder.path, "My Waves");
  expect(JSON.parse(await readFile(join(project, "plugin.json"), "utf8"))).toMatchObject({
    id: "my-waves-datasource",
    name: "My Waves",
    executable: "gpx_my_waves_datasource",
  });
  await install(project);
  expect(await buildAndTest(project)).toMatch(/pass 3\b/);
  expect(await readdir(join(project, "dist"))).toEqual(expect.arrayContaining(["plugin.json", "main.mjs", "gpx_my_waves_datasource_windows_amd64"]));
  const dataSource = { id: 1, uid: "a", name: "a", url: "", user: "", database: "", basicAuthEnabled: false, basicAuthUser: "", ...settings };
  const health = await healthUnderHost(folder.path, project, "my-waves-datasource", { dataSourceInstanceSettings: dataSource });
  expect(health).toMatchObject({ status: 1, message: "waves of height 1" });
});

test("a new app's test passes, and the host starts it", { timeout: 120_000 }, async () => {
  await using folder = await temporaryFolder();
  expect(await runCli(folder.path, ["create", "plugin", "acme-greeter", "--type", "app", "--name", "Greeter", "--skip-sdk"])).toMatchObject({
    code: 0,
  });
  const project = join(folder.path, "acme-greeter");
  await install(project);
  expect(await buildAndTest(project)).toMatch(/pass 2\b/);
  expect(await healthUnderHost(folder.path, project, "acme-greeter-app", { appInstanceSettings: settings })).toMatchObject({ status: 1 });
});

test("a folder with something in it, and names that cannot be, are refused before anything is written", async () => {
  await using folder = await temporaryFolder();
  await mkdir(join(folder.path, "full"));
  await writeFile(join(folder.path, "full", "x"), "");
  expect(await runCli(folder.path, ["create", "plugin", "full"])).toMatchObject({ code: 1, stderr: [expect.stringContaining("is not empty")] });
  expect((await runCli(folder.path, ["create", "plugin", "a", "--id", "Not An Id"])).code).toBe(2);
  expect((await runCli(folder.path, ["create", "plugin", "a", "--type", "panel"])).code).toBe(2);
  expect((await runCli(folder.path, ["create", "plugin"])).code).toBe(2);
  expect(await readdir(folder.path)).toEqual(["full"]);
});

const isBuilt = ["frames", "plugin-protocol", "plugin-sdk"].every((name) => existsSync(join(root, "packages", name, "dist", "index.js")));

test.skipIf(!isBuilt)("the SDK's packages lie beside the project, and package.json names them (needs a build)", { timeout: 60_000 }, async () => {
  await using folder = await temporaryFolder();
  expect(await runCli(folder.path, ["create", "plugin", "waves"])).toMatchObject({ code: 0, stderr: [] });
  const { devDependencies } = JSON.parse(await readFile(join(folder.path, "waves", "package.json"), "utf8")) as {
    readonly devDependencies: Readonly<Record<string, string>>;
  };
  const vendored = Object.entries(devDependencies).filter(([name]) => name.startsWith("@dataplane/"));
  expect(vendored.map(([name]) => name).sort()).toEqual(["@dataplane/frames", "@dataplane/plugin-protocol", "@dataplane/plugin-sdk"]);
  for (const [, at] of vendored) expect(existsSync(join(folder.path, "waves", at.replace("file:", "")))).toBe(true);
});
