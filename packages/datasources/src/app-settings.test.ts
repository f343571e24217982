import { type Clock, isJsonObject, systemClock } from "@dataplane/meta";
import { expect, test } from "vitest";
import { admin, dataPlaneUser, startDataSources } from "./testing/start-data-sources.js";

const path = "/apis/apps.grafana.app/v0alpha1/namespaces/default/appsettings";
const settings = (spec: object, secure?: object) => ({ metadata: { name: "acme-app" }, spec, ...(secure === undefined ? {} : { secure }) });
const stopped = { now: () => new Date("2026-01-01T00:00:00Z") };

async function start() {
  const clock: Clock = { ...systemClock, ...stopped };
  const api = await startDataSources({ clock });
  const context = async (name = "acme-app") => (await api.send("GET", `${path}/${name}/plugincontext`, { user: dataPlaneUser })).json;
  const patch = (body: object) => api.send("PATCH", `${path}/acme-app`, { body, contentType: "application/merge-patch+json", user: admin });
  return { api, context, patch };
}

test("secrets are written, never read back, and opened for the data plane alone", async () => {
  const { api, context } = await start();
  await using _ = api;
  const created = await api.send("POST", path, { body: settings({ jsonData: { a: 1 } }, { token: { create: "s3cret" } }), user: admin });
  expect(created.status).toBe(201);
  expect(created.json).toMatchObject({
    ...{ apiVersion: "apps.grafana.app/v0alpha1", kind: "AppSettings", spec: { enabled: true, jsonData: { a: 1 } } },
    secure: { token: { name: expect.any(String) as string } },
  });
  expect(created.text).not.toContain("s3cret");
  expect((await api.send("GET", `${path}/acme-app`)).text).not.toContain("s3cret");
  expect(await context()).toMatchObject({
    kind: "PluginContext",
    app: { enabled: true, jsonData: { a: 1 }, decryptedSecureJsonData: { token: "s3cret" }, lastUpdatedMs: stopped.now().getTime() },
  });
  expect((await api.send("GET", `${path}/acme-app/plugincontext`, { user: admin })).status).toBe(403);
});

test("the time of the settings moves when spec or secrets change, and not otherwise", async () => {
  const { api, context, patch } = await start();
  await using _ = api;
  await api.send("POST", path, { body: settings({ jsonData: {} }, { token: { create: "a" } }) });
  const time = async () => {
    const { app } = await context();
    return isJsonObject(app) ? Number(app["lastUpdatedMs"]) : 0;
  };
  const first = await time();
  await patch({ metadata: { labels: { x: "y" } } });
  await patch({ secure: { token: { create: "a" } } });
  expect(await time()).toBe(first);
  await patch({ spec: { pinned: true } });
  expect(await time()).toBe(first + 1);
  await patch({ secure: { token: { create: "b" } } });
  expect(await time()).toBe(first + 2);
  await patch({ secure: { token: null } });
  expect(await context()).toMatchObject({ app: { decryptedSecureJsonData: {}, lastUpdatedMs: first + 3 } });
});

test("an app that is switched off says so; a name that is no plugin's id is refused", async () => {
  const { api, context } = await start();
  await using _ = api;
  await api.send("POST", path, { body: settings({ enabled: false }) });
  expect(await context()).toMatchObject({ app: { enabled: false } });
  expect((await api.send("POST", path, { body: { metadata: { name: "a b" }, spec: {} } })).status).toBe(422);
});

test("a secret of a data source does not open as that of an app of the same name", async () => {
  const { bindingOf } = await import("./secure-values.js");
  const metadata = { name: "x", namespace: "default" };
  const bindings = ["DataSource", "AppSettings"].map((kind) => bindingOf({ apiVersion: "", kind, metadata }, "token"));
  expect(new Set(bindings).size).toBe(2);
});
