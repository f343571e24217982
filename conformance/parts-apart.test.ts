import { rmSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { call } from "./testing/call.js";
import { hookedThings } from "./testing/hooked-things.js";
import { goTestPlugin, installGoTestPlugin, needsGoTestPlugin, unsignedPluginsAllowed } from "./testing/install-plugin.js";
import { type Kubectl, openKubectl } from "./testing/kubectl.js";
import { describeWith, needsKubectl, needsPrometheus } from "./testing/needs.js";
import { type RunningPrometheus, startPrometheus } from "./testing/prometheus.js";
import { type StartedParts, startParts } from "./testing/start-parts.js";
import { temporaryFolder } from "./testing/start-server.js";
import { until } from "./testing/until.js";

const group = "apart.example.com";
const { crd, definition, service: hooks, thing } = hookedThings(group);
const prometheusService = {
  apiVersion: "aggregation.grafana.app/v0alpha1",
  kind: "DataPlaneService",
  metadata: { name: "v0alpha1.prometheus.grafana.app" },
  spec: {
    pluginID: "prometheus",
    pluginType: "datasource",
    group: "prometheus.grafana.app",
    version: "v0alpha1",
    services: [{ type: "query" }],
  },
};
const up = { queries: [{ refId: "A", datasource: { type: "prometheus", uid: "example" }, expr: "up", instant: true }], from: "now-5m", to: "now" };
const configMap = (name: string) => ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: "default" }, data: { a: "b" } });

describeWith([needsGoTestPlugin, needsKubectl("newest"), needsPrometheus], "the aggregators and the API server as two processes", () => {
  const dataPath = temporaryFolder("parts-apart");
  let prometheus: RunningPrometheus;
  let parts: StartedParts;
  let kubectl: Kubectl;

  const json = (object: object) => ({ stdin: JSON.stringify(object) });
  const ready = async (): Promise<number> => (await call(`${parts.url}/readyz`)).status;
  const query = () => call(`${parts.url}/apis/prometheus.grafana.app/v0alpha1/namespaces/default/datasources/example/query`, { body: up });

  beforeAll(async () => {
    prometheus = await startPrometheus();
    installGoTestPlugin(dataPath);
    parts = await startParts({ dataPath, env: { ...unsignedPluginsAllowed, PROMETHEUS_URL: prometheus.url } });
    await until("the kubeconfig is written", async () =>
      (await openKubectl("newest", parts.kubeconfig).run(["version"])).code === 0 ? true : undefined,
    );
    kubectl = openKubectl("newest", parts.kubeconfig);
  });

  afterAll(async () => {
    await parts.stop();
    await prometheus.stop();
    rmSync(dataPath, { recursive: true, force: true });
  });

  test("a data source is queried through a service that is stored at the API server", async () => {
    expect(await kubectl.ok(["apply", "-f", "-"], json(prometheusService))).toContain("created");
    await kubectl.ok(["wait", "--for=condition=Available", `dps/${prometheusService.metadata.name}`, "--timeout=30s"]);
    const answer = await until("the query is answered", async () => {
      const tried = await query();
      return tried.status === 200 ? tried : undefined;
    });
    expect(answer.text).toContain('"refId":"A"');
    expect(
      (await call(`${parts.apiServer.url}/apis/prometheus.grafana.app/v0alpha1/namespaces/default/datasources/example/query`, { body: up })).status,
    ).not.toBe(200);
  });

  test("kubectl knows the kinds of both, validates against them, and follows what it wrote", async () => {
    expect(await kubectl.ok(["explain", "dataplaneservice.spec.pluginID"])).toContain("pluginID");
    expect(await kubectl.ok(["explain", "configmap.data"])).toContain("data");
    const wrong = { ...prometheusService, spec: { ...prometheusService.spec, pluginId: "x" } };
    expect((await kubectl.run(["apply", "--validate=strict", "-f", "-"], json(wrong))).stderr).toContain("pluginId");
    const watch = kubectl.start(["get", "configmaps", "--watch", "--output-watch-events", "-o", "name"]);
    try {
      await kubectl.ok(["create", "-f", "-"], json(configMap("followed")));
      await until("the watch brings it", () => (watch.stdout().includes("configmap/followed") ? true : undefined));
    } finally {
      watch.child.kill("SIGTERM");
    }
    expect(await kubectl.ok(["get", "apiservices", "-o", "name"])).toContain("v0alpha1.prometheus.grafana.app");
  });

  test("passwords are the API server's, and the default one works from this machine only", async () => {
    expect((await call(`${parts.url}/api/v1/namespaces`)).status).toBe(200);
    expect((await call(`${parts.url}/api/v1/namespaces`, { headers: { authorization: `Basic ${btoa("admin:wrong")}` } })).status).toBe(401);
    const forwarded = await call(`${parts.url}/api/v1/namespaces`, { headers: { "x-forwarded-for": "192.0.2.1" } });
    expect([forwarded.status, forwarded.text]).toEqual([401, expect.stringContaining("from this machine only")]);
    expect((await call(`${parts.url}/api/v1/namespaces`, { headers: { "x-remote-user": "system:apiserver", authorization: "" } })).status).toBe(401);
    expect((await call(`${parts.url}/internal/hooks/convert`, { body: {} })).status).toBe(403);
  });

  test("the plugin is asked about stored objects over both, and nothing is written while it cannot be", async () => {
    for (const object of [definition, hooks("v1"), hooks("v2")]) await kubectl.ok(["apply", "-f", "-"], json(object));
    await kubectl.ok(["wait", "--for=condition=Established", `crd/${crd}`, "--timeout=20s"]);
    for (const version of ["v1", "v2"]) await kubectl.ok(["wait", "--for=condition=Healthy", `dps/${version}.${group}`, "--timeout=20s"]);
    await kubectl.ok(["create", "-f", "-"], json(thing("a", { title: "first" })));
    expect(await kubectl.ok(["get", crd, "a", "-o", "jsonpath={.metadata.annotations.acme\\.example\\.com/mutated-by}"])).toBe(
      `${goTestPlugin}/CREATE`,
    );
    const refused = await kubectl.run(["create", "-f", "-"], json(thing("b", { deny: "not on Fridays" })));
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining("not on Fridays")]);
    expect(await kubectl.ok(["get", `things.v2.${group}`, "a", "-o", "jsonpath={.spec.name}"])).toBe("first");
  });

  test("the API server dies and comes back: known routes go on, the rest is 503 meanwhile, and all is well again by itself", async () => {
    expect((await query()).status).toBe(200);
    await parts.apiServer.kill();
    expect((await query()).status).toBe(200);
    const stored = await call(`${parts.url}/api/v1/namespaces`);
    expect([stored.status, stored.headers.get("retry-after")]).toEqual([503, expect.any(String)]);
    await until("readyz says so", async () => ((await ready()) === 500 ? true : undefined));
    await parts.apiServer.restart();
    await until("readyz is well again", async () => ((await ready()) === 200 ? true : undefined), 40_000);
    await kubectl.ok(["create", "-f", "-"], json(configMap("after")));
    expect((await query()).status).toBe(200);
  });

  test("the aggregator dies: writes that need a plugin are refused, others go on, and it comes back", async () => {
    await parts.aggregator.kill();
    const things = `${parts.apiServer.url}/apis/${group}/v1/namespaces/default/things`;
    expect((await call(things, { body: thing("c", {}) })).status).toBe(503);
    expect((await call(`${parts.apiServer.url}/api/v1/namespaces/default/configmaps`, { body: configMap("alone") })).status).toBe(201);
    await parts.aggregator.restart();
    await until("the plugin is asked again", async () => ((await call(things, { body: thing("c", {}) })).status === 201 ? true : undefined));
    expect((await query()).status).toBe(200);
  });
});
