import { rmSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Answer, type CallOptions, call, type Json } from "./testing/call.js";
import { exampleApps, installExampleApps } from "./testing/example-apps.js";
import { unsignedPluginsAllowed } from "./testing/install-plugin.js";
import { openStream } from "./testing/open-stream.js";
import { storedObject } from "./testing/read-store.js";
import { startParts } from "./testing/start-parts.js";
import { type StartedServer, startServer, temporaryFolder } from "./testing/start-server.js";
import { until } from "./testing/until.js";

// The way of requests, step by step, each looked at from its far end: what the plugin was asked, and what the store's file holds.

const group = "dashboard.ext.grafana.app";
const dashboards = (version: string): string => `/apis/${group}/${version}/namespaces/default/dashboards`;

interface Flow extends Pick<StartedServer, "url" | "stop"> {
  /** Of the process with the store. */
  readonly storePath: string;
  readonly calls: (app: string) => readonly Json[];
}

const shapes = [
  {
    shape: "one process",
    servedBy: "Local",
    start: async (dataPath: string): Promise<Flow> => {
      const { parameters, calls } = installExampleApps(dataPath);
      const server = await startServer({ dataPath, env: unsignedPluginsAllowed, parameters });
      return { url: server.url, stop: () => server.stop(), storePath: dataPath, calls };
    },
  },
  {
    shape: "two processes",
    servedBy: "Passed",
    start: async (dataPath: string): Promise<Flow> => {
      const { parameters, calls } = installExampleApps(dataPath);
      const parts = await startParts({ dataPath, env: unsignedPluginsAllowed, parameters });
      return { url: parts.url, stop: () => parts.stop(), storePath: parts.apiServer.dataPath, calls };
    },
  },
] as const;

describe.each(shapes)("the request flow in $shape", ({ start, servedBy }) => {
  const dataPath = temporaryFolder("request-flow");
  let flow: Flow;
  beforeAll(async () => {
    flow = await start(dataPath);
  });
  afterAll(async () => {
    await flow.stop();
    rmSync(dataPath, { recursive: true, force: true });
  });

  const ask = (path: string, options?: CallOptions): Promise<Answer> => call(`${flow.url}${path}`, options);
  const stored = (key: string): Json | undefined => storedObject(flow.storePath, key);
  const there = (path: string): Promise<Json> =>
    until(path, async () => {
      const answer = await ask(path);
      return answer.status === 200 ? answer.json() : undefined;
    });
  const condition = (object: Json, type: string): Json | undefined =>
    (object["status"]?.["conditions"] as unknown as readonly Json[] | undefined)?.find((it) => (it["type"] as unknown) === type);
  const callsOf = (name: string, app = "dashboard"): readonly Json[] => flow.calls(app).filter((it) => (it["call"] as unknown) === name);
  const create = (name: string, version: string, spec: object): Promise<Answer> =>
    ask(dashboards(version), { body: { apiVersion: `${group}/${version}`, kind: "Dashboard", metadata: { name }, spec } });

  describe("load", () => {
    test.each(exampleApps)("the manifest of $app is loaded from its plugin's folder", async ({ app, group: own, versions, resources }) => {
      const manifest = await there(`/apis/apps.grafana.app/v1alpha2/appmanifests/${app}`);
      expect(manifest["metadata"]?.["labels"]).toMatchObject({ "dataplane/plugin": `example-${app}-app`, "dataplane/managed": "true" });
      expect(stored(`/apps.grafana.app/appmanifests/${app}`)).toMatchObject({ spec: { group: own } });
      for (const version of versions) {
        // Where the API server is another process, what it serves is known a moment later.
        await until(`${own}/${version} has its kinds`, async () => {
          const text = JSON.stringify((await there(`/apis/${own}/${version}`))["resources"]);
          return resources.every((name) => text.includes(`"name":"${name}"`)) ? true : undefined;
        });
      }
    });
  });

  describe("registration", () => {
    test.each(exampleApps)("an APIService is made for each served version of $app", async ({ group: own, versions }) => {
      for (const version of versions) {
        const path = `/apis/apiregistration.k8s.io/v1/apiservices/${version}.${own}`;
        const available = await until(`${path} is available`, async () => {
          const found = condition((await ask(path)).json(), "Available");
          return (found?.["status"] as unknown) === "True" ? found : undefined;
        });
        expect(available).toMatchObject({ reason: servedBy });
      }
    });

    test("a DataPlaneService is made for each served version of the Dashboard app, and for no other", async () => {
      const path = "/apis/aggregation.grafana.app/v0alpha1/dataplaneservices";
      for (const version of ["v1alpha1", "v1beta1"]) {
        const service = await there(`${path}/${version}.${group}`);
        expect(service).toMatchObject({ spec: { pluginID: "example-dashboard-app", pluginType: "app", group, version } });
        expect(service["metadata"]).toMatchObject({ ownerReferences: [{ kind: "AppManifest", name: "dashboard", controller: true }] });
        const types = (service["spec"]?.["services"] as unknown as readonly Json[]).map(({ type }) => type as unknown);
        expect(types).toEqual(expect.arrayContaining(["admission", "conversion", "query", "route", "stream"]));
      }
      const names = ((await there(path))["items"] as unknown as readonly Json[]).map(({ metadata }) => metadata?.["name"] as unknown);
      for (const { app, group: own } of exampleApps) if (app !== "dashboard") expect(names).not.toContain(`v1.${own}`);
    });
  });

  describe("storage", () => {
    test("DataPlaneServices are stored", () => {
      expect(stored(`/aggregation.grafana.app/dataplaneservices/v1beta1.${group}`)).toMatchObject({ spec: { pluginID: "example-dashboard-app" } });
    });

    test("APIServices are stored", () => {
      expect(stored(`/apiregistration.k8s.io/apiservices/v1beta1.${group}`)).toMatchObject({ spec: { group, version: "v1beta1" } });
    });

    test("custom resources are stored", async () => {
      const path = "/apis/scope.ext.grafana.app/v1/namespaces/default/scopes";
      const scope = { apiVersion: "scope.ext.grafana.app/v1", kind: "Scope", metadata: { name: "web" }, spec: { title: "Web" } };
      const made = await ask(path, { body: scope });
      expect(made.status, made.text).toBe(201);
      expect(stored("/scope.ext.grafana.app/scopes/default/web")).toMatchObject({ spec: { title: "Web" } });
    });
  });

  describe("create", () => {
    let made: Json;
    const spec = { title: "  Home ", tags: ["b", "a"], layout: { panels: [{ id: 1, datasource: { uid: "testdata" } }, { id: 2 }] } };

    test("the data plane delegates what none of its routes has", async () => {
      const answer = await create("home", "v1beta1", spec);
      expect(answer.status, answer.text).toBe(201);
      made = answer.json();
      expect(callsOf("callResource")).toEqual([]);
    });

    test("the kube-aggregator passes it to the API server, which stores it", () => {
      expect(stored(`/${group}/dashboards/default/home`)).toMatchObject({ metadata: { uid: made["metadata"]?.["uid"] } });
    });

    test("the plugin mutates it before it is stored", () => {
      expect(callsOf("mutateAdmission")).toContainEqual(expect.objectContaining({ operation: "create", kind: "Dashboard", name: "home" }));
      expect(stored(`/${group}/dashboards/default/home`)).toMatchObject({
        spec: { title: "Home", tags: ["a", "b"], timeSettings: { refresh: "1m" } },
      });
    });

    test("the plugin validates it after that, and what it refuses is not stored", async () => {
      const names = flow.calls("dashboard").filter((it) => (it["name"] as unknown) === "home" && JSON.stringify(it["call"]).endsWith('Admission"'));
      expect(names.slice(0, 2).map((it) => it["call"])).toEqual(["mutateAdmission", "validateAdmission"]);
      const refused = await create("twice", "v1beta1", { title: "Twice", layout: { panels: [{ id: 1 }, { id: 1 }] } });
      expect(refused.status, refused.text).toBe(422);
      expect(refused.text).toContain("panel 1 is there twice");
      expect(callsOf("validateAdmission")).toContainEqual(expect.objectContaining({ name: "twice" }));
      expect(stored(`/${group}/dashboards/default/twice`)).toBeUndefined();
      const slo = { apiVersion: "slo.ext.grafana.app/v1", kind: "SLO", metadata: { name: "never" } };
      const target = await ask("/apis/slo.ext.grafana.app/v1/namespaces/default/slos", {
        body: { ...slo, spec: { query: "up", objectives: [{ target: 1, window: "28d" }] } },
      });
      expect(target.status, target.text).toBe(422);
      expect(callsOf("validateAdmission", "slo")).toContainEqual(expect.objectContaining({ name: "never" }));
    });
  });

  describe("read in another version", () => {
    let read: Json;

    test("the data plane delegates it", async () => {
      read = await there(`${dashboards("v1alpha1")}/home`);
      expect(callsOf("callResource")).toEqual([]);
    });

    test("the kube-aggregator passes it to the API server: it is the object that is stored", () => {
      expect(read["metadata"]).toMatchObject({ uid: stored(`/${group}/dashboards/default/home`)?.["metadata"]?.["uid"] });
    });

    test("the plugin converts it", () => {
      expect(callsOf("convertObjects")).toContainEqual(expect.objectContaining({ group, version: "v1alpha1" }));
      expect(read).toMatchObject({
        apiVersion: `${group}/v1alpha1`,
        spec: { refresh: "1m", panels: [{ id: 1, datasource: "testdata" }, { id: 2 }] },
      });
    });
  });

  describe("straight to the plugin", () => {
    test("a resource call: routes of the app and subresources of its kind", async () => {
      expect((await ask(`/apis/${group}/v1beta1/about`)).json()).toMatchObject({ app: "dashboard" });
      expect((await ask(`/apis/${group}/v1beta1/namespaces/default/search?title=Ho`)).status).toBe(200);
      await ask(`${dashboards("v1beta1")}/home/export`);
      expect(callsOf("callResource").map((it) => it["route"])).toEqual(["about", "search", "export"]);
      expect(callsOf("callResource")).toContainEqual(expect.objectContaining({ route: "export", name: "home", namespace: "default" }));
    });

    test("a query", async () => {
      const answer = await ask(`/apis/${group}/v1beta1/namespaces/default/query`, { body: { queries: [{ refId: "A" }] } });
      expect(answer.status, answer.text).toBe(200);
      expect(answer.json()["results"]?.["A"]).toMatchObject({ frames: [{ schema: { name: "counts" } }] });
      expect(callsOf("queryData")).toContainEqual(expect.objectContaining({ refId: "A", namespace: "default" }));
    });

    test("a stream", async () => {
      const stream = await openStream(`${flow.url}/apis/${group}/v1beta1/namespaces/default/stream/counts`);
      await stream.has(/"dashboards"/);
      stream.leave();
      expect(callsOf("runStream")).toContainEqual(expect.objectContaining({ path: "counts", namespace: "default" }));
    });

    test("health", async () => {
      expect((await ask(`/apis/${group}/v1beta1/namespaces/default/health`)).json()).toMatchObject({ status: "OK" });
      expect(callsOf("checkHealth")).toContainEqual(expect.objectContaining({ namespace: "default" }));
    });

    test("metrics", async () => {
      expect((await ask(`/apis/${group}/v1beta1/metrics`)).text).toContain("process_cpu_seconds_total");
    });
  });

  describe("watch of a plugin", () => {
    const status = (): Promise<Json> =>
      until("the controller has written the status", async () => {
        const { status: written } = (await ask(`${dashboards("v1beta1")}/watched`)).json();
        return (written?.["panelCount"] as unknown) === 1 ? written : undefined;
      });

    test("the plugin sees what is created through its watch of the data plane", async () => {
      expect((await create("watched", "v1beta1", { title: "Watched", layout: { panels: [{ id: 1 }] } })).status).toBe(201);
      await until("the plugin has seen it", () => (callsOf("reconcile").some((it) => (it["name"] as unknown) === "watched") ? true : undefined));
    });

    test("what it writes goes through the kube-aggregator", async () => {
      expect(await status()).toMatchObject({ lastReconciledGeneration: 1 });
    });

    test("the API server takes it as the app's own account, with what that may do", async () => {
      await status();
      const map = await there("/api/v1/namespaces/default/configmaps/dashboard-watched");
      expect(map["metadata"]).toMatchObject({ ownerReferences: [{ kind: "Dashboard", name: "watched" }] });
    });

    test("the store has it", async () => {
      await status();
      expect(stored(`/${group}/dashboards/default/watched`)).toMatchObject({ status: { panelCount: 1, lastReconciledGeneration: 1 } });
      await there("/api/v1/namespaces/default/configmaps/dashboard-watched");
      expect(stored("/core/configmaps/default/dashboard-watched")).toMatchObject({ data: { title: "Watched", panels: "1" } });
    });
  });
});
