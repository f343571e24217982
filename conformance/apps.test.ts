import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { request as httpRequest, type IncomingMessage } from "node:http";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Answer, admin, type CallOptions, call, type Json } from "./testing/call.js";
import { goTestApp, sdkTestApp, unsignedPluginsAllowed } from "./testing/install-plugin.js";
import { hasKubectl, openKubectl } from "./testing/kubectl.js";
import { describeWith } from "./testing/needs.js";
import { type StartedServer, startServer, temporaryFolder } from "./testing/start-server.js";
import { until } from "./testing/until.js";

const group = "testapp.example.com";
const mergePatch = { "content-type": "application/merge-patch+json" };

const apps = [
  ["the official Go SDK", goTestApp],
  ["our SDK", sdkTestApp],
] as const;

for (const [sdk, app] of apps)
  describeWith(app.needs, `an app of ${sdk}`, () => {
    let server: StartedServer;
    let provisioning: string;
    const dataPath = temporaryFolder("apps");

    beforeAll(async () => {
      app.install(dataPath);
      provisioning = temporaryFolder("provisioning");
      mkdirSync(path.join(provisioning, "plugins"));
      provision("jsonData: { from: file }, secureJsonData: { token: $APP_TOKEN }");
      const env = { ...unsignedPluginsAllowed, GF_PATHS_PROVISIONING: provisioning, APP_TOKEN: "t0ken" };
      server = await startServer({ dataPath, env });
      const services = [{ type: "route", path: "things/{id}/*", method: "GET, POST" }];
      const spec = { pluginID: app.id, pluginType: "app", group, version: "v1", services };
      const made = await create("aggregation.grafana.app/v0alpha1", "dataplaneservices", {
        kind: "DataPlaneService",
        metadata: { name: `v1.${group}` },
        spec,
      });
      expect(made.status, made.text).toBe(201);
    });
    afterAll(async () => {
      await server.stop();
      for (const folder of [dataPath, provisioning]) rmSync(folder, { recursive: true, force: true });
    });

    const provision = (settings: string): void =>
      writeFileSync(path.join(provisioning, "plugins", "apps.yaml"), `apiVersion: 1\napps:\n  - { type: ${app.id}, org_id: 2, ${settings} }\n`);
    const create = (apiVersion: string, resource: string, object: object): Promise<Answer> =>
      call(`${server.url}/apis/${apiVersion}/${resource}`, { body: { apiVersion, ...object } });
    const served = (rest: string, options?: CallOptions): Promise<Answer> => call(`${server.url}/apis/${group}/v1/${rest}`, options);
    const echoed = async (rest: string, options?: CallOptions): Promise<Json> => {
      const answer = await served(rest, options);
      expect(answer.status, answer.text).toBe(200);
      return answer.json();
    };

    test("a route of its own reaches it with path, query, body and version", async () => {
      const echo = await echoed("namespaces/default/things/a%20b/x%3Fy/%C3%BC/?q=%20;+1&q=2", { method: "POST", body: "hello" });
      expect(echo).toMatchObject({
        ...{ method: "POST", path: "/things/a b/x?y/ü/", query: "q=%20;+1&q=2", body: "hello" },
        ...{ namespace: "default", orgId: 1, login: "admin", jsonData: {} },
      });
      if (app === goTestApp) expect(echo).toMatchObject({ apiVersion: "v1" });
      expect((await served("namespaces/default/things/1/x", { method: "DELETE" })).status).toBe(405);
      expect((await served("namespaces/default/things/1")).status).toBe(404);
      expect(await echoed("namespaces/default/resources/any/thing", { method: "PUT", body: "x" })).toMatchObject({
        method: "PUT",
        path: "/any/thing",
      });
      expect(await echoed("namespaces/default/resources")).toMatchObject({ path: "/" });
    });

    test("repeated headers stay apart, and bytes beyond ASCII stay as they are, both ways", async () => {
      const bytes = Buffer.from("Zoë ☃").toString("latin1");
      const response = await new Promise<IncomingMessage>((resolve, reject) => {
        const headers = { authorization: admin, "x-many": ["a, b", "c"], "x-name": bytes };
        httpRequest(`${server.url}/apis/${group}/v1/namespaces/default/resources/x`, { headers }, resolve).on("error", reject).end();
      });
      const pieces: Buffer[] = [];
      for await (const piece of response) pieces.push(Buffer.from(piece as Uint8Array));
      const echo = JSON.parse(Buffer.concat(pieces).toString()) as Json;
      expect(echo["headers"]).toMatchObject({ "X-Many": ["a, b", "c"], "X-Name": ["Zoë ☃"] });
      expect(echo["headers"]).not.toHaveProperty("Authorization");
      expect(response.headers["x-echo"]).toBe(bytes);
    });

    test("an answer goes on as its pieces come", async () => {
      const url = `${server.url}/apis/${group}/v1/namespaces/default/resources/chunks/3/200`;
      const { body } = await fetch(url, { headers: { authorization: admin } });
      const times: number[] = [];
      let text = "";
      for await (const piece of body ?? []) {
        times.push(performance.now());
        text += Buffer.from(piece).toString();
      }
      expect(text).toBe("chunk 0\nchunk 1\nchunk 2\n");
      expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeGreaterThan(250);
    });

    test("settings reach the app, secrets open; a change makes a new instance, and nothing else does", async () => {
      const settings = `namespaces/default/appsettings`;
      const secure = { token: { create: "s3cret" } };
      const object = { kind: "AppSettings", metadata: { name: app.id }, spec: { jsonData: { a: 1 } }, secure };
      const made = await create("apps.grafana.app/v0alpha1", settings, object);
      expect([made.status, made.text.includes("s3cret")]).toEqual([201, false]);
      const first = await echoed("namespaces/default/resources/x");
      expect(first).toMatchObject({ jsonData: { a: 1 }, secrets: { token: "s3cret" } });
      const patch = (body: object): Promise<Answer> =>
        call(`${server.url}/apis/apps.grafana.app/v0alpha1/${settings}/${app.id}`, { method: "PATCH", headers: mergePatch, body });
      await patch({ metadata: { labels: { a: "b" } } });
      expect((await echoed("namespaces/default/resources/x"))["instance"]).toBe(first["instance"]);
      await patch({ spec: { jsonData: { a: 2 } } });
      const second = await echoed("namespaces/default/resources/x");
      expect(second).toMatchObject({ jsonData: { a: 2 }, secrets: { token: "s3cret" } });
      expect(Number(second["instance"])).toBeGreaterThan(Number(first["instance"]));

      expect((await served("namespaces/default/health")).json()).toMatchObject({ status: "OK" });
      await patch({ spec: { jsonData: { broken: true } } });
      expect(await served("namespaces/default/health")).toMatchObject({ status: 400 });
      expect((await served("namespaces/default/access")).json()).toMatchObject({ permissions: { "plugins:write": true } });

      await patch({ spec: { enabled: false } });
      for (const rest of ["resources/x", "health", "access"])
        expect([rest, (await served(`namespaces/default/${rest}`)).status]).toEqual([rest, 404]);
      expect((await served("namespaces/org-2/health")).status).toBe(200);
      await patch({ spec: { enabled: true, jsonData: null } });
      const hidden = await call(`${server.url}/apis/apps.grafana.app/v0alpha1/${settings}/${app.id}/plugincontext`);
      expect([hidden.status, hidden.text.includes("s3cret")]).toEqual([403, false]);
    });

    test("settings come from a file, and again when it changes", async () => {
      expect(await echoed("namespaces/org-2/resources/x")).toMatchObject({ jsonData: { from: "file" }, secrets: { token: "t0ken" }, orgId: 2 });
      provision("disabled: true");
      await until("the app is switched off", async () => ((await served("namespaces/org-2/health")).status === 404 ? true : undefined));
    });

    test.skipIf(!hasKubectl("v1.32"))("kubectl goes on reading the server's documents, whatever a manifest says of its routes", async () => {
      const kubectl = openKubectl("v1.32", server.kubeconfig);
      const junk = {
        type: ["string", "null"],
        properties: [],
        items: 5,
        "x-kubernetes-group-version-kind": [{ group: "", version: "v1", kind: "Namespace" }],
      };
      const routes = {
        namespaced: {
          "/junk": {
            post: { parameters: [1, { $ref: "#/x" }], requestBody: { content: { "a/b": { schema: { type: "array" } } } }, responses: { x: 1 } },
          },
        },
        schemas: { List: { type: "array" }, Junk: junk, Ref: { $ref: "#/nowhere" }, Odd: { type: "any", allOf: 3, additionalProperties: 5 } },
      };
      const spec = { appName: "junk", group, versions: [{ name: "v1", routes }] };
      expect((await create("apps.grafana.app/v1alpha2", "appmanifests", { kind: "AppManifest", metadata: { name: "junk" }, spec })).status).toBe(201);
      expect((await served("namespaces/default/junk", { body: {} })).status).toBe(200);
      const namespace = JSON.stringify({ apiVersion: "v1", kind: "Namespace", metadata: { name: "kept" } });
      expect(await kubectl.ok(["apply", "-f", "-"], { stdin: namespace })).toContain("created");
      expect(await kubectl.ok(["diff", "-f", "-"], { stdin: namespace })).toBe("");
      expect(await kubectl.ok(["explain", "appmanifests.spec.versions.routes"])).toContain("namespaced");
      expect(await kubectl.ok(["get", "appsettings,appmanifests", "-A"])).toContain("junk");
      expect(await kubectl.ok(["delete", "appmanifest", "junk"])).toContain("deleted");
    });

    test("routes of a manifest are served, in discovery and in OpenAPI, and change with it", async () => {
      const manifest = (namespaced: object): object => ({
        kind: "AppManifest",
        metadata: { name: "testapp" },
        spec: {
          appName: "testapp",
          group,
          versions: [{ name: "v1", routes: { namespaced, cluster: { "/about": { get: { operationId: "getAbout" } } } } }],
        },
      });
      const reports = { "/reports/{id}": { get: { operationId: "getReport", summary: "One report." }, post: {} } };
      const made = await create("apps.grafana.app/v1alpha2", "appmanifests", manifest(reports));
      expect(made.status, made.text).toBe(201);
      expect(await echoed("namespaces/default/reports/7")).toMatchObject({ path: "/reports/7", namespace: "default" });
      expect(await echoed("about")).toMatchObject({ path: "/about", namespace: "", orgId: 0 });
      expect((await served("namespaces/default/reports/7", { method: "DELETE" })).status).toBe(405);

      const list = (await call(`${server.url}/apis/${group}/v1`)).json();
      const names = (list["resources"] as unknown as readonly { readonly name: string }[]).map(({ name }) => name);
      expect(names).toEqual(expect.arrayContaining(["about", "health", "reports", "resources", "things"]));
      const openApi = (await call(`${server.url}/openapi/v3/apis/${group}/v1`)).text;
      expect(openApi).toContain("getReportTestappExampleComV1");
      expect((await call(`${server.url}/openapi/v2`)).text).toContain("getReportTestappExampleComV1");

      const url = `${server.url}/apis/apps.grafana.app/v1alpha2/appmanifests/testapp`;
      const { spec } = manifest({ "/tables": { get: {} } }) as { readonly spec: object };
      expect((await call(url, { method: "PATCH", headers: mergePatch, body: { spec } })).status).toBe(200);
      expect((await served("namespaces/default/tables")).status).toBe(200);
      expect((await served("namespaces/default/reports/7")).status).toBe(404);
      await until("the manifest says so", async () => {
        const { status } = (await call(url)).json() as {
          readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
        };
        return status?.conditions?.find(({ type }) => type === "RoutesServed")?.status === "True" ? true : undefined;
      });
      // The older version shows the same object.
      expect((await call(url.replace("v1alpha2", "v1alpha1"))).json()).toMatchObject({ apiVersion: "apps.grafana.app/v1alpha1", spec: { group } });
      expect((await call(url, { method: "DELETE" })).status).toBe(200);
      expect((await served("namespaces/default/tables")).status).toBe(404);
    });
  });
