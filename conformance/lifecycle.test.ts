import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import path from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { call } from "./testing/call.js";
import { installGoTestPlugin, needsGoTestPlugin, unsignedPluginsAllowed } from "./testing/install-plugin.js";
import { openStream } from "./testing/open-stream.js";
import { pluginRecords } from "./testing/plugin-records.js";
import { root } from "./testing/root.js";
import { bareEnvironment, isAlive, type ProcessEnd, type RunningProcess, runProcess } from "./testing/run-process.js";
import { serverEnvironment, startServer, temporaryFolder, whenReady } from "./testing/start-server.js";
import { until } from "./testing/until.js";

const ownGroup = "/apis/testdata.datasource.grafana.app/v0alpha1/namespaces/default/datasources/testdata/query";
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanups.splice(0).reverse()) await cleanUp();
});

/** A folder that goes with the test. */
function folder(name: string): string {
  const made = temporaryFolder(name);
  cleanups.push(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

/** The server as a process that may fail to start. */
function serve(env: NodeJS.ProcessEnv, dataPath = folder("data")): RunningProcess {
  const server = runProcess(process.execPath, [path.join(import.meta.dirname, "testing", "serve.mjs")], { env: serverEnvironment(dataPath, env) });
  cleanups.push(() => server.child.kill("SIGKILL"));
  return server;
}

/** A listener on a port of its own, on every address. */
function taken(): Promise<number> {
  const server = createServer();
  cleanups.push(() => server.close());
  return new Promise((resolve) => server.listen(0, () => resolve((server.address() as AddressInfo).port)));
}

const query = (scenario: Record<string, unknown>): unknown => ({ queries: [{ refId: "A", intervalMs: 600_000, ...scenario }] });

describe("npm start", () => {
  const signals: readonly [string, (npm: RunningProcess) => void, NodeJS.ProcessEnv][] = [
    ["SIGTERM to npm", (npm) => process.kill(npm.pid, "SIGTERM"), {}],
    ["SIGTERM to npm's group", (npm) => process.kill(-npm.pid, "SIGTERM"), { NODE_ENV: "production" }],
    ["SIGINT to npm's group, as Ctrl-C sends it", (npm) => process.kill(-npm.pid, "SIGINT"), {}],
  ];

  test.each(signals)("ends with 0 on %s, and leaves no process and no file", { timeout: 300_000 }, async (_, send, env) => {
    const dataPath = folder("data");
    const TMPDIR = folder("tmp");
    const npm = runProcess("npm", ["start"], { env: serverEnvironment(dataPath, { TMPDIR, ...env }), group: true });
    cleanups.push(() => isAlive(npm.pid) && process.kill(-npm.pid, "SIGKILL"));
    const { url } = await whenReady(npm, dataPath, 200_000);
    const { pid } = JSON.parse(readFileSync(path.join(dataPath, "run", "server.json"), "utf8")) as { readonly pid: number };
    const plugins = await until("both bundled plugins run", () => pluginRecords(dataPath, 2));
    expect((await call(url + ownGroup, { body: query({}) })).status).toBe(200);

    send(npm);
    expect(await npm.end).toEqual<ProcessEnd>({ code: 0, signal: null });
    expect([pid, ...plugins.map((plugin) => plugin.pid)].filter(isAlive)).toEqual([]);
    expect(readdirSync(TMPDIR)).toEqual([]);
    expect(existsSync(path.join(dataPath, "run", "server.json"))).toBe(false);
    expect(readdirSync(path.join(dataPath, "run", "plugins"))).toEqual([]);
  });

  test("says in one line what is wrong with an old Node", async () => {
    const preload = path.join(folder("preload"), "old-node.cjs");
    writeFileSync(preload, 'Object.defineProperty(process, "versions", { value: { ...process.versions, node: "18.20.8" } });');
    const start = runProcess(process.execPath, ["--require", preload, path.join(root, "tools", "start.mjs")], { env: bareEnvironment() });
    expect((await start.end).code).toBe(1);
    expect(start.stderr()).toBe("Data Plane Aggregator needs Node 20.19 or newer; this is Node 18.20.8.\n");
  });
});

describe("stopping", () => {
  test("lets the requests in flight finish, and takes no more", async () => {
    const server = await startServer();
    await call(server.url + ownGroup, { body: query({}) });
    const inFlight = call(server.url + ownGroup, { body: query({ scenarioId: "slow_query", stringInput: "4s" }) });
    await until("it is in the plugin", async () =>
      /^dataplane_plugin_calls_inflight\{plugin_id="grafana-testdata-datasource"\} 1$/m.test((await call(`${server.url}/metrics`)).text)
        ? true
        : undefined,
    );
    const stopped = server.stop();
    await until("readyz says so, or nobody listens", async () => {
      const ready = await fetch(`${server.url}/readyz`).catch(() => undefined);
      return ready?.ok === true ? undefined : true;
    });
    const answer = await inFlight;
    expect(answer.status).toBe(200);
    expect(answer.json()).toMatchObject({ results: { A: { status: 200 } } });
    expect(await stopped).toEqual({ code: 0, signal: null });
  });

  test("ends watches at once", async () => {
    const server = await startServer();
    const watch = await openStream(`${server.url}/api/v1/namespaces?watch=true`);
    await watch.has(/"ADDED"/);
    const before = Date.now();
    expect((await server.stop()).code).toBe(0);
    expect(await watch.ended).toBe("ended");
    expect(Date.now() - before).toBeLessThan(20_000);
  });
});

describe("ports", () => {
  test("a taken HTTP port ends the start and names the key", async () => {
    const port = await taken();
    const server = serve({ GF_SERVER_HTTP_PORT: String(port) });
    expect((await server.end).code).toBe(1);
    expect(server.stderr()).toContain("[server] http_port");
    expect(server.stderr()).toContain(String(port));
    expect(server.stderr()).not.toContain("    at ");
  });

  test("a taken HTTPS port is replaced by a free one, which the log and the kubeconfig name", async () => {
    const port = await taken();
    const server = await startServer({ env: { GF_GRAFANA_APISERVER_HTTPS_PORT: String(port) } });
    cleanups.push(() => server.stop());
    expect(server.httpsUrl).not.toContain(`:${port}`);
    expect(readFileSync(server.kubeconfig, "utf8")).toContain(`server: ${server.httpsUrl}`);
    expect(server.log()).toMatch(/https_port is taken/);
  });
});

describe("the environment", () => {
  test("a dead proxy in it does no harm to what is on this machine", async () => {
    const asked: string[] = [];
    const prometheus = createHttpServer((request, response) => {
      asked.push(request.url ?? "");
      response.setHeader("content-type", "application/json").end('{"status":"success","data":{"resultType":"matrix","result":[]}}');
    });
    cleanups.push(() => prometheus.close());
    await new Promise<void>((resolve) => prometheus.listen(0, "127.0.0.1", resolve));
    const dead = "http://127.0.0.1:9";
    const server = await startServer({
      env: {
        HTTP_PROXY: dead,
        HTTPS_PROXY: dead,
        ALL_PROXY: dead,
        http_proxy: dead,
        https_proxy: dead,
        PROMETHEUS_URL: `http://localhost:${(prometheus.address() as AddressInfo).port}`,
      },
    });
    cleanups.push(() => server.stop());
    expect((await call(server.url + ownGroup, { body: query({}) })).status).toBe(200);
    const own = `${server.url}/apis/prometheus.datasource.grafana.app/v0alpha1/namespaces/default/datasources/example/query`;
    const answer = await call(own, { body: { queries: [{ refId: "A", expr: "up", range: true }], from: "now-1h", to: "now" } });
    expect(answer.json()).toMatchObject({ results: { A: { status: 200 } } });
    expect(asked).not.toEqual([]);
  });

  test("a relative data folder counts from the repository's root", async () => {
    const relative = path.join(".cache", `lifecycle-${process.pid}`);
    cleanups.push(() => rmSync(path.join(root, relative), { recursive: true, force: true }));
    const server = runProcess(process.execPath, [path.join(import.meta.dirname, "testing", "serve.mjs")], {
      env: serverEnvironment(relative, { GF_PATHS_PLUGINS: "" }),
      cwd: folder("elsewhere"),
    });
    cleanups.push(() => server.child.kill("SIGKILL"));
    await whenReady(server, path.join(root, relative));
    server.child.kill("SIGTERM");
    expect((await server.end).code).toBe(0);
  });

  test("each feature toggle switches off what it names", async () => {
    const off = await startServer({
      env: {
        GF_FEATURE_TOGGLES_DATAPLANEAGGREGATOR: "false",
        GF_FEATURE_TOGGLES_KUBERNETESAGGREGATOR: "false",
        GF_FEATURE_TOGGLES_GRAFANAAPISERVERENSUREKUBECTLACCESS: "false",
      },
    });
    cleanups.push(() => off.stop());
    expect(off).toMatchObject({ httpsUrl: "", kubeconfig: "" });
    expect(existsSync(path.join(off.dataPath, "grafana-apiserver", "grafana.kubeconfig"))).toBe(false);
    for (const gone of ["/apis/aggregation.grafana.app/v0alpha1/dataplaneservices", "/apis/apiregistration.k8s.io/v1/apiservices"]) {
      expect((await call(off.url + gone)).status, gone).toBe(404);
    }
    expect((await call(off.url + ownGroup, { body: query({}) })).status).toBe(404);
    expect((await call(`${off.url}/apis/testdata.datasource.grafana.app/v0alpha1/namespaces/default/datasources`)).status).toBe(200);
    expect((await call(`${off.url}/api/v1/namespaces/default`)).status).toBe(200);
  });
});

describe("the data folder", () => {
  test("belongs to one server: a second one says whose it is", async () => {
    const first = await startServer();
    cleanups.push(() => first.stop());
    const second = serve({}, first.dataPath);
    expect((await second.end).code).toBe(1);
    expect(second.stderr()).toContain(String(first.pid));
    expect(second.stderr()).not.toContain("    at ");
    expect((await call(`${first.url}/readyz`)).status).toBe(200);
  });

  test("lets its owner alone read keys, the database and the kubeconfig", async () => {
    const server = await startServer();
    cleanups.push(() => server.stop());
    const mode = (file: string): number => statSync(file).mode & 0o777;
    expect(mode(server.kubeconfig).toString(8)).toBe("600");
    expect(mode(path.join(server.dataPath, "keys")).toString(8)).toBe("700");
    for (const key of readdirSync(path.join(server.dataPath, "keys"))) {
      // Certificates are for everyone.
      if (!key.endsWith(".crt")) expect(mode(path.join(server.dataPath, "keys", key)) & 0o077, key).toBe(0);
    }
    expect(mode(path.join(server.dataPath, "dataplane.db")) & 0o077).toBe(0);
  });
});

describe("a server that was killed", () => {
  test("takes the bundled plugins with it, since they watch it", async () => {
    const dataPath = folder("data");
    const server = await startServer({ dataPath });
    const plugins = await until("both bundled plugins run", () => pluginRecords(dataPath, 2));
    await server.kill();
    await until("the plugins have ended", () => (plugins.some(({ pid }) => isAlive(pid)) ? undefined : true));
    const next = await startServer({ dataPath });
    cleanups.push(() => next.stop());
    expect(plugins.filter(({ socketDirectory }) => existsSync(socketDirectory))).toEqual([]);
    expect((await call(next.url + ownGroup, { body: query({}) })).status).toBe(200);
  });

  const needs = needsGoTestPlugin.isThere() ? "" : ` (needs ${needsGoTestPlugin.name})`;
  test.skipIf(needs !== "")(`leaves no plugin to the next one, whoever wrote it${needs}`, async () => {
    const dataPath = folder("data");
    installGoTestPlugin(dataPath);
    const server = await startServer({ dataPath, env: unsignedPluginsAllowed });
    const plugins = await until("the three plugins run", () => pluginRecords(dataPath, 3));
    await server.kill();
    const next = await startServer({ dataPath, env: unsignedPluginsAllowed });
    cleanups.push(() => next.stop());
    await until("the plugins have ended", () => (plugins.some(({ pid }) => isAlive(pid)) ? undefined : true));
    expect(plugins.filter(({ socketDirectory }) => existsSync(socketDirectory))).toEqual([]);
    const again = await until("the three plugins run again", () => pluginRecords(dataPath, 3));
    expect(again.map(({ pluginId }) => pluginId).toSorted()).toEqual(plugins.map(({ pluginId }) => pluginId).toSorted());
  });
});

describe("the banner", () => {
  test("has a query that works as it is pasted", async () => {
    const server = await startServer();
    cleanups.push(() => server.stop());
    const line = await until("the banner", () =>
      server
        .log()
        .split("\n")
        .find((it) => it.startsWith("  node -e ")),
    );
    const pasted = runProcess("sh", ["-c", line], { env: bareEnvironment() });
    expect((await pasted.end).code).toBe(0);
    expect(JSON.parse(pasted.stdout())).toMatchObject({ results: { A: { status: 200, frames: [{ schema: { refId: "A" } }] } } });
    expect(server.log()).toContain(server.url);
    expect(server.log()).toContain(server.httpsUrl);
    expect(server.log()).toContain(server.kubeconfig);
    expect(server.log()).toContain("grafana-testdata-datasource (running)");
  });
});
