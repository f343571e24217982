import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runKillCampaign } from "./plugin-kill-campaign.js";
import { runReloadCampaign } from "./plugin-reload-campaign.js";
import { call } from "./testing/call.js";
import { createDataSource, ownGroup, query } from "./testing/data-plane.js";
import { goTestPlugin, installGoTestPlugin, installPlugin, needsGoTestPlugin, unsignedPluginsAllowed } from "./testing/install-plugin.js";
import { describeWith } from "./testing/needs.js";
import { pluginRecords } from "./testing/plugin-records.js";
import { root } from "./testing/root.js";
import { bareEnvironment, isAlive, runProcess } from "./testing/run-process.js";
import { type StartedServer, serverEnvironment, startServer, temporaryFolder, whenReady } from "./testing/start-server.js";
import { until } from "./testing/until.js";

const services = "/apis/aggregation.grafana.app/v0alpha1/dataplaneservices";
const serviceOf = (pluginId: string): string => `${services}/v0alpha1.${ownGroup(pluginId)}`;

/** Starts, is healthy and knows no call. */
const idlePlugin = `
const http2 = require("node:http2");
const server = http2.createServer();
server.on("stream", (stream) => stream.respond({ ":status": 200, "content-type": "application/grpc", "grpc-status": "12" }, { endStream: true }));
server.listen(0, "127.0.0.1", () => console.log("1|2|tcp|127.0.0.1:" + server.address().port + "|grpc"));
`;

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

async function conditionOf(server: Pick<StartedServer, "url">, pluginId: string, type: string): Promise<Condition | undefined> {
  const answer = await call(server.url + serviceOf(pluginId));
  const { status } = JSON.parse(answer.text) as { readonly status?: { readonly conditions?: readonly Condition[] } };
  return status?.conditions?.find((condition) => condition.type === type);
}

interface Event {
  readonly reason: string;
  readonly note: string;
  readonly regarding: { readonly name: string };
}

async function eventsOf(server: StartedServer, pluginId: string): Promise<readonly Event[]> {
  const { items } = JSON.parse((await call(`${server.url}/apis/events.k8s.io/v1/namespaces/default/events`)).text) as {
    readonly items: readonly Event[];
  };
  return items.filter(({ regarding }) => regarding.name === `v0alpha1.${ownGroup(pluginId)}`);
}

describe("the life of a plugin", () => {
  const id = "acme-living-datasource";
  const dataPath = temporaryFolder("plugin-life");
  const folder = path.join(dataPath, "plugins", id);
  let server: StartedServer;

  beforeAll(async () => {
    installPlugin(dataPath, id, idlePlugin);
    server = await startServer({
      dataPath,
      env: { ...unsignedPluginsAllowed, GF_PLUGINS_WATCH_INTERVAL: "100ms", GF_PLUGINS_GIVE_UP_AFTER: "3" },
    });
    await until("it runs", async () => ((await conditionOf(server, id, "Available"))?.status === "True" ? true : undefined));
  });
  afterAll(async () => {
    await server.stop();
    rmSync(dataPath, { recursive: true, force: true });
  });

  const restart = (pluginId: string) => call(`${server.url}${serviceOf(pluginId)}/restart`, { method: "POST" });

  test("it is restarted by a POST, which is answered when the new process runs, and an event tells of it", async () => {
    const pid = pidOf(id);
    const answer = await restart(id);
    expect(answer.status).toBe(200);
    expect(answer.json()).toMatchObject({ kind: "Status", status: "Success" });
    expect(pidOf(id)).not.toBe(pid);
    await until("the event", async () => (await eventsOf(server, id)).find(({ reason }) => reason === "PluginReloaded"));
    expect((await call(`${server.url}${services}/absent/restart`, { method: "POST" })).status).toBe(404);
    expect((await call(`${server.url}${serviceOf(id)}/restart`)).status).toBe(405);
    expect((await fetch(`${server.url}${serviceOf(id)}/restart`, { method: "POST" })).status).toBe(401);
  });

  test("a new executable that does not start leaves the old process, with a note in the condition and an event PluginReloadFailed", async () => {
    const pid = pidOf(id);
    installPlugin(dataPath, id, "console.error('a broken build'); process.exit(9);");
    const event = await until("the event", async () => (await eventsOf(server, id)).find(({ reason }) => reason === "PluginReloadFailed"));
    expect(event.note).toContain("exited with code 9 (it said: a broken build)");
    expect(await conditionOf(server, id, "Available")).toMatchObject({ status: "True" });
    await until("the note", async () => ((await conditionOf(server, id, "PluginLoaded"))?.message.includes("not reloaded") ? true : undefined));
    expect(isAlive(pid ?? -1)).toBe(true);
    installPlugin(dataPath, id, idlePlugin);
    await until("the note goes", async () => ((await conditionOf(server, id, "PluginLoaded"))?.message.includes("not reloaded") ? undefined : true));
  });

  test("a plugin that crashes each time is given up after the ends that are allowed, until somebody restarts it", async () => {
    const crashing = "acme-crashing-datasource";
    installPlugin(dataPath, crashing, "process.exit(3);");
    const given = await until("it is given up", async () => {
      const condition = await conditionOf(server, crashing, "Available");
      return condition?.reason === "GaveUp" ? condition : undefined;
    });
    expect(given).toMatchObject({ status: "False", message: expect.stringContaining("given up after 3 ends in a row") as unknown });
    await until("the events", async () => {
      const reasons = (await eventsOf(server, crashing)).map(({ reason }) => reason);
      return ["PluginCrashed", "PluginBackOff", "PluginFailed"].every((reason) => reasons.includes(reason)) ? true : undefined;
    });
    const refused = await restart(crashing);
    expect(refused.status).toBe(503);
    expect(refused.text).toContain("exited with code 3");
    installPlugin(dataPath, crashing, idlePlugin);
    await until("it runs", async () => ((await conditionOf(server, crashing, "Available"))?.status === "True" ? true : undefined));
  });

  test("plugins that are installed, replaced and removed by the command line come, change and go without a restart of the server", async () => {
    const source = temporaryFolder("source");
    const added = "acme-added-datasource";
    installPlugin(source, added, idlePlugin);
    const dataplane = async (...parameters: readonly string[]): Promise<string> => {
      const command = runProcess(process.execPath, [path.join(root, "packages", "cli", "bin", "dataplane.mjs"), ...parameters], {
        env: bareEnvironment({ GF_PATHS_PLUGINS: path.join(dataPath, "plugins") }),
      });
      const end = await command.end;
      if (end.code !== 0) throw new Error(command.stderr());
      return command.stdout();
    };
    expect(await dataplane("plugins", "install", path.join(source, "plugins", added))).toContain("is installed");
    await until("it runs", async () => ((await conditionOf(server, added, "Available"))?.status === "True" ? true : undefined));
    await createDataSource(server, { pluginId: added, uid: "one" });
    const pid = pidOf(added);
    installPlugin(source, added, `${idlePlugin}// second`);
    expect(await dataplane("plugins", "install", path.join(source, "plugins", added))).toContain("is replaced");
    await until("another process", () => (pidOf(added) === pid || pidOf(added) === undefined ? undefined : true));
    expect(await dataplane("plugins", "ls")).toContain(added);
    await dataplane("plugins", "remove", added);
    const gone = await until("it is gone", async () => {
      const condition = await conditionOf(server, added, "Available");
      return condition?.reason === "PluginNotFound" ? condition : undefined;
    });
    expect(gone.message).toContain("not installed");
    expect(isAlive(pid ?? -1)).toBe(false);
    rmSync(source, { recursive: true, force: true });
  });

  test("a plugin that was packaged and signed loads in production by its key, and not at all once a file was changed", async () => {
    const work = temporaryFolder("signed");
    const data = temporaryFolder("signed-data");
    const signed = "acme-signed-datasource";
    installPlugin(work, signed, idlePlugin);
    const source = path.join(work, "plugins", signed);
    const dataplane = async (...parameters: readonly string[]): Promise<void> => {
      const command = runProcess(process.execPath, [path.join(root, "packages", "cli", "bin", "dataplane.mjs"), ...parameters], {
        env: bareEnvironment({ GF_PATHS_PLUGINS: path.join(data, "plugins") }),
        cwd: work,
      });
      if ((await command.end).code !== 0) throw new Error(command.stderr());
    };
    await dataplane("plugins", "keygen", "acme.key", "--name", "Acme");
    await dataplane("plugins", "sign", source, "--key", "acme.key");
    await dataplane("plugins", "package", source);
    await dataplane("plugins", "install", `${signed}-1.0.0.zip`, "--trusted-key", "acme.key.pub");
    const env = { GF_PLUGINS_TRUSTED_KEYS: path.join(work, "acme.key.pub") };
    const first = await startServer({ dataPath: data, env });
    const valid = await until("it is loaded", () => conditionOf(first, signed, "PluginLoaded"));
    expect(valid).toMatchObject({ status: "True", message: expect.stringContaining("signature valid") as unknown });
    await first.stop();

    writeFileSync(path.join(data, "plugins", signed, "more.js"), "");
    const second = await startServer({ dataPath: data, env });
    const refused = await until("it is refused", async () => {
      const condition = await conditionOf(second, signed, "PluginLoaded");
      return condition?.reason === "SignatureInvalid" ? condition : undefined;
    });
    expect(refused).toMatchObject({ status: "False", message: expect.stringContaining("more.js is not in the manifest") as unknown });
    await second.stop();
    for (const each of [work, data]) rmSync(each, { recursive: true, force: true });
  });

  test("[plugin.<id>] path is a plugin's folder elsewhere", async () => {
    const elsewhere = temporaryFolder("elsewhere");
    const other = temporaryFolder("data");
    installPlugin(elsewhere, id, idlePlugin);
    const home = path.join(elsewhere, "plugins", id);
    const started = await startServer({ dataPath: other, env: unsignedPluginsAllowed, parameters: [`cfg:plugin.${id}.path=${home}`] });
    const runs = await until("it runs", async () => ((await conditionOf(started, id, "Available"))?.status === "True" ? true : undefined));
    expect(runs).toBe(true);
    await started.stop();
    for (const each of [elsewhere, other]) rmSync(each, { recursive: true, force: true });
  });

  test("trusted keys that cannot be read end the start, and name the setting", async () => {
    await expect(startServer({ env: { GF_PLUGINS_TRUSTED_KEYS: path.join(folder, "plugin.json") } })).rejects.toThrow("[plugins] trusted_keys");
  });

  function pidOf(pluginId: string): number | undefined {
    const file = path.join(dataPath, "run", "plugins", `${pluginId}.json`);
    return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as { readonly pid: number }).pid : undefined;
  }
});

/** Each is a whole start that goes wrong in its own way; none may keep the server, or another plugin, from serving. */
const broken: Readonly<Record<string, string>> = {
  hangs: "setInterval(() => {}, 1000);",
  "prints-nothing-and-ends": "",
  "prints-garbage": 'process.stdout.write(require("node:crypto").randomBytes(4096)); setInterval(() => {}, 1000);',
  "prints-10-mb": 'process.stdout.write("x".repeat(10 << 20)); setInterval(() => {}, 1000);',
  "prints-10-mb-of-errors": 'process.stderr.write("x".repeat(10 << 20)); setInterval(() => {}, 1000);',
  "floods-its-errors":
    'const line = "y".repeat(200) + "\\n"; (function more() { process.stderr.write(line.repeat(100), () => setImmediate(more)); })();',
  "speaks-protocol-1": 'console.log("1|1|unix|/tmp/x|grpc|"); setInterval(() => {}, 1000);',
  "speaks-core-9": 'console.log("9|2|unix|/tmp/x|grpc|"); setInterval(() => {}, 1000);',
  "speaks-netrpc": 'console.log("1|2|unix|/tmp/x|netrpc|"); setInterval(() => {}, 1000);',
  "wants-another-cookie": 'if (process.env.OTHER_COOKIE !== "x") { console.error("this is a plugin"); process.exit(1); }',
  "listens-elsewhere": 'console.log("1|2|tcp|203.0.113.9:1|grpc|"); setInterval(() => {}, 1000);',
  "shows-no-certificate": 'console.log("1|2|unix|" + process.env.PLUGIN_UNIX_SOCKET_DIR + "/x|grpc|AAAA"); setInterval(() => {}, 1000);',
};

describe("plugins that do not become one", () => {
  const dataPath = temporaryFolder("broken-plugins");
  const id = (name: string): string => `acme-${name}-datasource`;
  let server: StartedServer;
  let readyMs = 0;

  beforeAll(async () => {
    for (const [name, script] of Object.entries(broken)) installPlugin(dataPath, id(name), script);
    const begin = performance.now();
    server = await startServer({ dataPath, env: { ...unsignedPluginsAllowed, GF_PLUGINS_START_TIMEOUT: "3s" } });
    readyMs = performance.now() - begin;
  });
  afterAll(async () => {
    await server.stop();
    rmSync(dataPath, { recursive: true, force: true });
  });

  test("the server is ready without them", () => {
    expect(readyMs).toBeLessThan(30_000);
  });

  test.each(Object.keys(broken))("one that %s is shown as down, with a reason", async (name) => {
    const condition = await until(
      "the condition",
      async () => {
        const found = await conditionOf(server, id(name), "Available");
        return found === undefined || found.reason === "Starting" ? undefined : found;
      },
      30_000,
    );
    expect(condition.status).toBe("False");
    expect(["Crashed", "BackOff", "CrashLoopBackOff"]).toContain(condition.reason);
    expect(condition.message.length).toBeGreaterThan(10);
    expect(condition.message.length).toBeLessThan(1500);
  });

  test("the others serve, and what is logged is bounded", async () => {
    const testdata = `${server.url}/apis/testdata.datasource.grafana.app/v0alpha1/namespaces/default/datasources/testdata/query`;
    expect((await call(testdata, { body: { queries: [{ refId: "A", intervalMs: 600_000 }] } })).status).toBe(200);
    expect(server.log().length).toBeLessThan(20_000_000);
  });
});

describeWith([needsGoTestPlugin], "a plugin built with the Go SDK", () => {
  test("replaced while 200 queries a second run, it fails none", { timeout: 180_000 }, async () => {
    const report = await runReloadCampaign(5);
    expect(report.failed).toEqual([]);
    expect(report.queries).toBeGreaterThan(100);
  });

  test("killed in the middle of queries it fails them at once, is back by itself, and others notice nothing", {
    timeout: 120_000,
  }, async () => {
    const { slowestErrorMs, slowestBackMs, faults } = await runKillCampaign(5);
    expect(faults).toEqual([]);
    // The queries would have taken 30 s. The marks of one and two seconds are the campaign's.
    expect(slowestErrorMs).toBeLessThan(15_000);
    expect(slowestBackMs).toBeLessThan(20_000);
  });

  test.each([1, 2, 3])("at a SIGTERM under load every query in flight is answered, and no process and no socket is left (%i)", async () => {
    const dataPath = temporaryFolder("sigterm");
    const TMPDIR = temporaryFolder("tmp");
    installGoTestPlugin(dataPath);
    const target = { pluginId: goTestPlugin, uid: "main" };
    const server = await startServer({ dataPath, env: { ...unsignedPluginsAllowed, TMPDIR } });
    await createDataSource(server, target);
    await until("it runs", async () => ((await query(server, target, [{ refId: "A", queryType: "small" }])).status === 200 ? true : undefined));
    const plugins = pluginRecords(dataPath, 3) ?? [];
    expect(plugins).toHaveLength(3);
    const inFlight = Array.from({ length: 20 }, () => query(server, target, [{ refId: "A", queryType: "slow", delayMs: 800 }]));
    await until("the queries are in the plugin", async () => {
      const { text } = await call(`${server.url}/metrics/plugins/${goTestPlugin}`);
      return Number(/acme_testplugin_queries_total\{type="slow"\} (\d+)/.exec(text)?.[1]) >= inFlight.length ? true : undefined;
    });
    const stopped = server.stop();
    expect((await Promise.all(inFlight)).map(({ status }) => status)).toEqual(inFlight.map(() => 200));
    expect(await stopped).toEqual({ code: 0, signal: null });
    expect(plugins.filter(({ pid }) => isAlive(pid))).toEqual([]);
    expect(readdirSync(TMPDIR)).toEqual([]);
    for (const each of [dataPath, TMPDIR]) rmSync(each, { recursive: true, force: true });
  });

  test("a server whose log nobody reads any more goes on, stops in order, and leaves no plugin", async () => {
    const dataPath = temporaryFolder("no-log");
    installGoTestPlugin(dataPath);
    const server = runProcess(process.execPath, [path.join(import.meta.dirname, "testing", "serve.mjs")], {
      env: serverEnvironment(dataPath, unsignedPluginsAllowed),
    });
    const { url } = await whenReady(server, dataPath);
    const plugins = await until("the three plugins run", () => pluginRecords(dataPath, 3));
    server.child.stdout?.destroy();
    server.child.stderr?.destroy();
    // Something to log: a plugin's end.
    process.kill(plugins.find(({ pluginId }) => pluginId === goTestPlugin)?.pid ?? -1, "SIGKILL");
    await until("it is started again", async () => ((await conditionOf({ url }, goTestPlugin, "Available"))?.status === "True" ? true : undefined));
    const again = pluginRecords(dataPath, 3) ?? [];
    server.child.kill("SIGTERM");
    expect(await server.end).toEqual({ code: 0, signal: null });
    expect([...plugins, ...again].filter(({ pid }) => isAlive(pid))).toEqual([]);
    rmSync(dataPath, { recursive: true, force: true });
  });

  test("one that is being copied in place is not taken before it is whole", async () => {
    const dataPath = temporaryFolder("copying");
    installGoTestPlugin(dataPath);
    const target = { pluginId: goTestPlugin, uid: "main" };
    const server = await startServer({ dataPath, env: { ...unsignedPluginsAllowed, GF_PLUGINS_WATCH_INTERVAL: "300ms" } });
    await createDataSource(server, target);
    const ask = async (): Promise<number> => (await query(server, target, [{ refId: "A", queryType: "small" }])).status;
    await until("it runs", async () => ((await ask()) === 200 ? true : undefined));
    // Out of sight and back, as a build does that removes its output first: nothing of it may be seen.
    const folder = path.join(dataPath, "plugins", goTestPlugin);
    const away = path.join(dataPath, "away");
    renameSync(folder, away);
    mkdirSync(folder);
    writeFileSync(path.join(folder, "half"), "");
    cpSync(away, folder, { recursive: true });
    for (let asked = 0; asked < 20; asked += 1) expect(await ask()).toBe(200);
    expect((await eventsOf(server, goTestPlugin)).map(({ reason }) => reason)).not.toContain("PluginReloadFailed");
    await server.stop();
    rmSync(dataPath, { recursive: true, force: true });
  });
});
