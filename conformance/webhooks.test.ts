import { spawnSync } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { call } from "./testing/call.js";
import { createDataSource } from "./testing/data-plane.js";
import { goTestPlugin, installGoTestPlugin, needsGoTestPlugin, unsignedPluginsAllowed } from "./testing/install-plugin.js";
import { type Kubectl, openKubectl } from "./testing/kubectl.js";
import { describeWith, needsKubectl } from "./testing/needs.js";
import { type StartedServer, startServer, temporaryFolder } from "./testing/start-server.js";

/** Of Debian's package prometheus. */
const promtool = "/usr/bin/promtool";

const group = "things.example.com";
const kind = { group, version: "v1", kind: "Thing" };
const thing = (spec: object) => ({ apiVersion: `${group}/v1`, kind: "Thing", metadata: { name: "x", namespace: "default" }, spec });
const service = {
  apiVersion: "aggregation.grafana.app/v0alpha1",
  kind: "DataPlaneService",
  metadata: { name: `v1.${group}` },
  spec: { pluginID: goTestPlugin, pluginType: "datasource", group, version: "v1", services: [{ type: "admission" }, { type: "conversion" }] },
};

describeWith([needsGoTestPlugin, needsKubectl("newest")], "a plugin that is asked as a webhook, and scripts that were written for Grafana", () => {
  const dataPath = temporaryFolder("webhooks");
  let server: StartedServer;
  let kubectl: Kubectl;

  beforeAll(async () => {
    installGoTestPlugin(dataPath);
    const metrics = { GF_METRICS_BASIC_AUTH_USERNAME: "scraper", GF_METRICS_BASIC_AUTH_PASSWORD: "only for metrics" };
    server = await startServer({ dataPath, env: { ...unsignedPluginsAllowed, ...metrics } });
    kubectl = openKubectl("newest", server.kubeconfig);
    await createDataSource(server, { pluginId: goTestPlugin, uid: "main", secrets: { token: "a-secret-that-is-nowhere" } });
    await kubectl.ok(["apply", "-f", "-"], { stdin: JSON.stringify(service) });
    for (const condition of ["Available", "PluginLoaded", "Healthy"]) {
      await kubectl.ok(["wait", `--for=condition=${condition}`, `dps/v1.${group}`, "--timeout=20s"]);
    }
  });

  afterAll(async () => {
    await server.stop();
    rmSync(dataPath, { recursive: true, force: true });
  });

  const review = async (step: string, request: object) => {
    const body = {
      apiVersion: "admission.k8s.io/v1",
      kind: "AdmissionReview",
      request: { uid: "u-1", kind, resource: { group, version: "v1", resource: "things" }, operation: "CREATE", ...request },
    };
    return call(`${server.url}/apis/${group}/v1/admission/${step}`, { body });
  };

  test("has its say in stored objects of its group and version", async () => {
    const names = { plural: "things", singular: "thing", kind: "Thing", listKind: "ThingList" };
    const schema = { openAPIV3Schema: { type: "object", properties: { spec: { type: "object", "x-kubernetes-preserve-unknown-fields": true } } } };
    const definition = {
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata: { name: `things.${group}` },
      spec: { group, scope: "Namespaced", names, versions: [{ name: "v1", served: true, storage: true, schema }] },
    };
    await kubectl.ok(["apply", "-f", "-"], { stdin: JSON.stringify(definition) });
    await kubectl.ok(["wait", "--for=condition=Established", `crd/things.${group}`, "--timeout=20s"]);
    await kubectl.ok(["create", "-f", "-"], { stdin: JSON.stringify(thing({})) });
    const annotation = "jsonpath={.metadata.annotations.acme\\.example\\.com/mutated-by}";
    expect(await kubectl.ok(["get", `things.${group}`, "x", "-o", annotation])).toBe(`${goTestPlugin}/CREATE`);
    const refused = await kubectl.run(["patch", `things.${group}`, "x", "--type=merge", "-p", '{"spec":{"deny":"not on Fridays"}}']);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("denied the request: not on Fridays");
    await kubectl.ok(["delete", `things.${group}`, "x"]);
    await kubectl.ok(["delete", "crd", `things.${group}`]);
  });

  test("admits, with a patch, and refuses", async () => {
    const mutated = (await review("mutate", { object: thing({}) })).json()["response"];
    expect(mutated).toMatchObject({ uid: "u-1", allowed: true, patchType: "JSONPatch" });
    const patch: unknown = JSON.parse(Buffer.from(JSON.stringify(mutated?.["patch"] ?? ""), "base64").toString());
    expect(patch).toEqual([{ op: "add", path: "/metadata/annotations", value: { "acme.example.com/mutated-by": `${goTestPlugin}/CREATE` } }]);
    const refused = await review("validate", { object: thing({ deny: "not on Fridays" }) });
    expect(refused.status).toBe(200);
    expect(refused.json()["response"]).toMatchObject({ allowed: false, status: { code: 403, message: "not on Fridays" } });
    expect((await review("mutate", { object: thing({}), operation: "CONNECT" })).json()).toMatchObject({ code: 400, reason: "BadRequest" });
  });

  test("converts", async () => {
    const body = {
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "ConversionReview",
      request: { uid: "c-1", desiredAPIVersion: `${group}/v2`, objects: [thing({ title: "a" }), thing({ title: "b" })] },
    };
    const answer = await call(`${server.url}/apis/${group}/v1/convert`, { body });
    expect(answer.json()["response"]).toMatchObject({
      uid: "c-1",
      result: { status: "Success" },
      convertedObjects: [
        { apiVersion: `${group}/v2`, spec: { name: "a" } },
        { apiVersion: `${group}/v2`, spec: { name: "b" } },
      ],
    });
  });

  test("data sources and plugins in the shapes that scripts read, and failures in their form", async () => {
    const found = await call(`${server.url}/api/datasources/uid/main`);
    expect(found.json()).toMatchObject({ uid: "main", type: goTestPlugin, orgId: 1, access: "proxy", secureJsonFields: { token: true } });
    expect(found.text).not.toContain("a-secret-that-is-nowhere");
    const list = await call(`${server.url}/api/datasources`);
    expect(list.text).toContain('"uid":"main"');
    expect((await call(`${server.url}/api/plugins/${goTestPlugin}/settings`)).json()).toMatchObject({ id: goTestPlugin, signature: "unsigned" });
    expect((await call(`${server.url}/api/datasources/uid/none`)).json()).toMatchObject({ statusCode: 404, messageId: "datasources.notFound" });
    expect((await call(`${server.url}/api/health`, { headers: { authorization: "" } })).json()).toMatchObject({ database: "ok" });
  });

  test("provisioning is reloaded when asked", async () => {
    const answer = await call(`${server.url}/api/admin/provisioning/datasources/reload`, { method: "POST" });
    expect(answer.json()).toEqual({ message: "Datasources config reloaded" });
  });

  test("a scraper reads metrics that promtool accepts, with calls and requests counted", async () => {
    const authorization = `Basic ${Buffer.from("scraper:only for metrics").toString("base64")}`;
    const { status, text } = await call(`${server.url}/metrics`, { headers: { authorization } });
    expect(status).toBe(200);
    expect(text).toMatch(/grafana_plugin_request_total\{plugin_id="acme-testplugin-datasource",endpoint="mutateAdmission",status="ok",.*\} \d/);
    expect(text).toMatch(
      /apiserver_request_total\{verb="POST",group="things.example.com",version="v1",resource="admission",subresource="",code="200"\} \d/,
    );
    expect((await call(`${server.url}/api/datasources`, { headers: { authorization } })).status).toBe(401);
    if (existsSync(promtool))
      expect(spawnSync(promtool, ["check", "metrics"], { input: text, encoding: "utf8" })).toMatchObject({ status: 0, stderr: "" });
  });
});
