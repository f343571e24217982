import { readFileSync, rmSync } from "node:fs";
import { Agent, request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { connect } from "node:net";
import path from "node:path";
import { text as textOf } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { admin, call } from "./testing/call.js";
import { createDataSource, dataSourcesUrl, ownGroup, query } from "./testing/data-plane.js";
import { goTestPlugin, installGoTestPlugin, needsGoTestPlugin, unsignedPluginsAllowed } from "./testing/install-plugin.js";
import { openKubectl } from "./testing/kubectl.js";
import { loadOf } from "./testing/load-of.js";
import { describeWith, needsKubectl } from "./testing/needs.js";
import { pluginRecords } from "./testing/plugin-records.js";
import { root } from "./testing/root.js";
import { isAlive, runProcess } from "./testing/run-process.js";
import { type StartedServer, serverEnvironment, startServer, temporaryFolder } from "./testing/start-server.js";
import { until } from "./testing/until.js";

const uid = "shared";
const target = { pluginId: goTestPlugin, uid };
const pidsIn = (log: string): readonly number[] => [...log.matchAll(/a worker is ready.*pid=(\d+)/g)].map(([, pid]) => Number(pid));

describeWith([needsGoTestPlugin, needsKubectl("newest")], "a server with two workers", () => {
  const dataPath = temporaryFolder("workers");
  let server: StartedServer;
  const workers = (): readonly number[] => pidsIn(server.log()).filter(isAlive);
  const twoWorkers = (): Promise<readonly number[]> => until("two workers serve", () => (workers().length === 2 ? workers() : undefined), 60_000);
  /** Over a connection of its own: each comes to another worker. */
  const asked = (queryType = "small"): Promise<{ readonly status: number | undefined; readonly text: string }> =>
    new Promise((resolve, reject) => {
      const headers = { authorization: admin, "content-type": "application/json" };
      const sent = httpRequest(`${dataSourcesUrl(server, goTestPlugin)}/${uid}/query`, { method: "POST", agent: false, headers }, (answer) => {
        textOf(answer).then((text) => resolve({ status: answer.statusCode, text }), reject);
      });
      sent.once("error", reject).end(JSON.stringify({ queries: [{ refId: "A", queryType }] }));
    });
  const valueOf = async (name: string): Promise<number> => {
    const { text } = await call(`${server.url}/metrics`);
    return text
      .split("\n")
      .filter((line) => line.startsWith(name))
      .reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
  };

  beforeAll(async () => {
    installGoTestPlugin(dataPath);
    server = await startServer({ dataPath, env: { ...unsignedPluginsAllowed, GF_SERVER_WORKERS: "2" } });
    await createDataSource(server, { ...target, spec: { url: "http://first" }, secrets: { token: "t0ken" } });
    await twoWorkers();
  }, 60_000);
  afterAll(async () => {
    await server.stop();
    rmSync(dataPath, { recursive: true, force: true });
  });

  test("kubectl and curl work through the shared ports as with one process", { timeout: 60_000 }, async () => {
    const kubectl = openKubectl("newest", server.kubeconfig);
    const service = {
      apiVersion: "aggregation.grafana.app/v0alpha1",
      kind: "DataPlaneService",
      metadata: { name: "v1.shared.example.com" },
      spec: { group: "shared.example.com", version: "v1", pluginID: goTestPlugin, pluginType: "datasource", services: [{ type: "query" }] },
    };
    expect(await kubectl.ok(["apply", "-f", "-"], { stdin: JSON.stringify(service) })).toContain("created");
    // The next request comes to another process: it waits for nobody.
    for (const group of ["shared.example.com/v1", `${ownGroup(goTestPlugin)}/v0alpha1`, "shared.example.com/v1", "shared.example.com/v1"]) {
      const answer = await call(`${server.url}/apis/${group}/namespaces/default/datasources/${uid}/query`, {
        body: { queries: [{ refId: "A", queryType: "small" }] },
        headers: { connection: "close" },
      });
      expect([answer.status, Object.keys(answer.json()["results"] ?? {})]).toEqual([200, ["A"]]);
    }
    expect(await kubectl.ok(["get", "dataplaneservice", service.metadata.name])).toContain("True");
    const watch = kubectl.start(["get", "configmaps", "--watch", "-o", "name"]);
    await kubectl.ok(["create", "configmap", "seen"]);
    await until("the watch tells", () => (watch.stdout().includes("configmap/seen") ? true : undefined));
    watch.child.kill();
    await kubectl.ok(["delete", "dataplaneservice", service.metadata.name]);
    for (const _ of workers()) {
      const gone = await call(`${server.url}/apis/shared.example.com/v1/namespaces/default/datasources/${uid}/query`, {
        body: {},
        headers: { connection: "close" },
      });
      expect(gone.status).toBe(404);
    }
  });

  test("a query needs the control process for nothing but its login, and that not each time", { timeout: 30_000 }, async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const once = (): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        const sent = httpRequest(
          `${dataSourcesUrl(server, goTestPlugin)}/${uid}/query`,
          { method: "POST", agent, headers: { authorization: admin, "content-type": "application/json" }, timeout: 5_000 },
          (answer) => answer.resume().once("end", () => resolve(answer.statusCode)),
        );
        sent.once("timeout", () => sent.destroy(new Error("no answer")));
        sent.once("error", reject).end(JSON.stringify({ queries: [{ refId: "A", queryType: "small" }] }));
      });
    expect(await once()).toBe(200);
    process.kill(server.pid, "SIGSTOP");
    try {
      expect(await once()).toBe(200);
    } finally {
      process.kill(server.pid, "SIGCONT");
      agent.destroy();
    }
  });

  test("streams, Live and stored objects are the control process', and answered through the same port", async () => {
    const { port } = new URL(server.url);
    const socket = connect(Number(port), "127.0.0.1");
    const received: string[] = [];
    socket.setEncoding("utf8").on("data", (text: string) => received.push(text));
    socket.write(
      `GET /api/live/ws HTTP/1.1\r\nHost: localhost:${port}\r\nAuthorization: ${admin}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
    );
    await until("101", () => (received.join("").startsWith("HTTP/1.1 101") ? true : undefined));
    expect(received.join("").toLowerCase()).toContain("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=");
    socket.destroy();
    const big = "x".repeat(500_000);
    const made = await call(`${server.url}/api/v1/namespaces/default/configmaps`, {
      body: { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "big" }, data: { big } },
    });
    expect(made.status).toBe(201);
    const read = await call(`${server.url}/api/v1/namespaces/default/configmaps/big`);
    expect([read.json()["data"]?.["big"], read.headers.get("audit-id")]).toEqual([big, expect.any(String)]);
  });

  test("nobody can be somebody else: neither at the ports nor at the control socket", async () => {
    const forged = { authorization: "", "x-remote-user": "admin", "x-remote-group": "system:masters", "x-dataplane-remote-address": "127.0.0.1" };
    for (const where of ["/api/v1/namespaces", `/apis/${ownGroup(goTestPlugin)}/v0alpha1/namespaces/default/datasources/${uid}/query`]) {
      expect((await call(`${server.url}${where}`, { method: where.endsWith("query") ? "POST" : "GET", headers: forged })).status).toBe(401);
    }
    const keys = path.join(dataPath, "keys");
    const file = (name: string): string => readFileSync(path.join(keys, name), "utf8");
    const shown = [
      {},
      { key: file("front-proxy-client.key"), cert: file("front-proxy-client.crt") },
      { key: file("serving.key"), cert: file("serving.crt") },
    ];
    for (const credentials of shown) {
      const asking = new Promise<number | undefined>((resolve, reject) => {
        // eslint-disable-next-line sonarjs/unverified-certificate, sonarjs/unverified-hostname -- it is the server that is to refuse.
        const sent = httpsRequest(
          {
            ...credentials,
            socketPath: path.join(dataPath, "run", "control.sock"),
            path: "/api/v1/secrets",
            headers: { "x-remote-user": "system:dataplane", "x-remote-group": "system:masters" },
            rejectUnauthorized: false,
          },
          (answer) => resolve(answer.statusCode),
        );
        sent.once("error", reject).end();
      });
      await expect(asking).rejects.toThrow();
    }
  });

  test("a changed data source is obeyed by the next query, whichever process answers it", { timeout: 60_000 }, async () => {
    for (let round = 0; round < 10; round += 1) {
      const url = `http://host-${round}`;
      const changed = await call(`${dataSourcesUrl(server, goTestPlugin)}/${uid}`, {
        method: "PATCH",
        body: { spec: { url } },
        headers: { "content-type": "application/merge-patch+json" },
      });
      expect(changed.status).toBe(200);
      for (const _ of workers()) expect((await asked("echo")).text).toContain(url);
    }
  });

  test("what all processes count is told as one sum", async () => {
    const name = 'apiserver_request_total{verb="POST"';
    const isQuery = (line: string): boolean => line.startsWith(name) && line.includes('subresource="query"') && line.includes('code="200"');
    const count = async (): Promise<number> =>
      (await call(`${server.url}/metrics`)).text
        .split("\n")
        .filter(isQuery)
        .reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
    const before = await count();
    for (let index = 0; index < 10; index += 1) expect((await asked()).status).toBe(200);
    expect(await count()).toBe(before + 10);
    expect(await valueOf("dataplane_workers ")).toBe(2);
  });

  test("a worker that is killed under load loses its own requests in flight alone, and comes back", { timeout: 120_000 }, async () => {
    const [first = 0] = await twoWorkers();
    const load = loadOf(server, target, 16);
    await sleep(1_000);
    const killedAt = performance.now();
    process.kill(first, "SIGKILL");
    await until("another worker serves", () => (workers().length === 2 && !workers().includes(first) ? true : undefined), 60_000);
    await sleep(1_000);
    const { answered, failures } = await load.stop();
    expect(answered).toBeGreaterThan(50);
    // Sixteen connections, half of them here, each with one request.
    expect(failures.length).toBeLessThanOrEqual(10);
    for (const { at, what } of failures)
      expect([what, at - killedAt < 2_000]).toEqual([expect.stringMatching(/ECONNRESET|socket hang up|EPIPE/), true]);
    expect(await valueOf("dataplane_worker_restarts_total")).toBeGreaterThan(0);
  });

  test("both are killed at once, and the port is still there", { timeout: 120_000 }, async () => {
    for (const pid of await twoWorkers()) process.kill(pid, "SIGKILL");
    for (let index = 0; index < 20; index += 1) expect((await asked()).status).toBe(200);
    await twoWorkers();
  });

  test("SIGHUP replaces them one after the other, and no request fails", { timeout: 120_000 }, async () => {
    const before = await twoWorkers();
    const load = loadOf(server, target, 16);
    process.kill(server.pid, "SIGHUP");
    await until("both are others", () => (workers().length === 2 && !workers().some((pid) => before.includes(pid)) ? true : undefined), 60_000);
    const { answered, failures } = await load.stop();
    expect([failures, answered > 50]).toEqual([[], true]);
  });

  test("a plugin that is killed is followed by all", { timeout: 60_000 }, async () => {
    const running = () => pluginRecords(dataPath, 1)?.find(({ pluginId }) => pluginId === goTestPlugin)?.pid;
    const pid = running();
    if (pid === undefined) throw new Error("the plugin does not run");
    process.kill(pid, "SIGKILL");
    await until("another process of it", () => (running() !== undefined && running() !== pid ? true : undefined));
    const answers: (number | undefined)[] = [];
    await until("ten answers in a row", async () => {
      const { status } = await asked();
      answers.push(status);
      return answers.length >= 10 && answers.slice(-10).every((it) => it === 200) ? true : undefined;
    });
    expect(answers.every((status) => status === 200 || status === 503)).toBe(true);
  });

  test("a plugin that is reloaded under load fails no query", { timeout: 60_000 }, async () => {
    const load = loadOf(server, target, 8, { queryType: "slow", delayMs: 300 });
    await sleep(500);
    const restarted = await call(`${server.url}/apis/aggregation.grafana.app/v0alpha1/dataplaneservices/v0alpha1.${ownGroup(goTestPlugin)}/restart`, {
      method: "POST",
    });
    expect(restarted.status).toBe(200);
    await sleep(1_500);
    expect((await load.stop()).failures).toEqual([]);
  });

  test("a changed password and a removed user are refused everywhere within ten seconds", { timeout: 60_000 }, async () => {
    const users = async (parameters: readonly string[], stdin = ""): Promise<void> => {
      const serve = path.join(root, "conformance/testing/serve.mjs");
      const run = runProcess(process.execPath, [serve, "users", ...parameters], { env: serverEnvironment(dataPath), stdin });
      expect([(await run.end).code, run.stderr()]).toEqual([0, ""]);
    };
    const statusOf = async (password: string): Promise<number> => {
      const authorization = `Basic ${Buffer.from(`ann:${password}`).toString("base64")}`;
      return (await query(server, target, [{ refId: "A", queryType: "small" }], { headers: { authorization, connection: "close" } })).status;
    };
    const statuses = async (password: string): Promise<readonly number[]> => [
      await statusOf(password),
      await statusOf(password),
      await statusOf(password),
      await statusOf(password),
    ];
    await users(["add", "ann", "--groups", "dataplane:admin"], "one\n");
    expect(await statuses("one")).toEqual([200, 200, 200, 200]);
    await users(["passwd", "ann"], "two\n");
    await sleep(10_100);
    expect([await statuses("one"), await statuses("two")]).toEqual([
      [401, 401, 401, 401],
      [200, 200, 200, 200],
    ]);
    await users(["remove", "ann"]);
    await sleep(10_100);
    expect(await statuses("two")).toEqual([401, 401, 401, 401]);
  });
});

describeWith([needsGoTestPlugin], "a server with workers that ends", () => {
  const started = async (dataPath: string) => {
    installGoTestPlugin(dataPath);
    const server = await startServer({ dataPath, env: { ...unsignedPluginsAllowed, GF_SERVER_WORKERS: "2" } });
    await createDataSource(server, target);
    const plugins = pluginRecords(dataPath, 1)?.map(({ pid }) => pid) ?? [];
    return { server, processes: [...pidsIn(server.log()), ...plugins] };
  };

  test("by SIGTERM answers what is in flight, ends with 0 and leaves no process", { timeout: 60_000 }, async () => {
    const dataPath = temporaryFolder("workers-end");
    const { server, processes } = await started(dataPath);
    expect(processes.length).toBeGreaterThanOrEqual(3);
    const slow = query(server, target, [{ refId: "A", queryType: "slow", delayMs: 1_000 }]);
    await sleep(300);
    expect(await server.stop()).toEqual({ code: 0, signal: null });
    expect((await slow).status).toBe(200);
    await until("all have ended", () => (processes.some(isAlive) ? undefined : true));
    rmSync(dataPath, { recursive: true, force: true });
  });

  test("by SIGKILL takes its workers with it", { timeout: 60_000 }, async () => {
    const dataPath = temporaryFolder("workers-killed");
    const { server, processes } = await started(dataPath);
    await server.kill();
    await until("all have ended", () => (processes.some(isAlive) ? undefined : true));
    rmSync(dataPath, { recursive: true, force: true });
  });
});
