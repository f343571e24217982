import { expect, test } from "vitest";
import { admin, dataPlaneUser, startDataSources } from "./testing/start-data-sources.js";

const own = "/apis/prometheus.datasource.grafana.app/v0alpha1/namespaces/default/datasources";
const other = "/apis/loki.datasource.grafana.app/v0alpha1/namespaces/default/datasources";
const connections = "/apis/prometheus.datasource.grafana.app/v0alpha1/namespaces/default/connections";
const mergePatch = "application/merge-patch+json";
const applyPatch = "application/apply-patch+yaml";

const prom = (uid = "prom1", spec: object = {}) => ({ metadata: { name: uid }, spec: { title: "Prom", url: "http://localhost:9090", ...spec } });

test("a data source is created, read, listed, replaced, patched, applied and deleted in its plugin's own group", async () => {
  await using api = await startDataSources();
  const created = await api.send("POST", own, { body: prom(), user: admin });
  expect(created.status).toBe(201);
  expect(created.json).toMatchObject({
    apiVersion: "prometheus.datasource.grafana.app/v0alpha1",
    kind: "DataSource",
    metadata: { name: "prom1", generation: 1 },
  });

  const read = await api.send("GET", `${own}/prom1`);
  expect(read.json).toEqual(created.json);
  expect((await api.send("GET", own)).json.items.map(({ metadata }) => metadata.name)).toEqual(["prom1"]);
  expect((await api.send("GET", `${own}?fieldSelector=spec.title%3DProm`)).json.items).toHaveLength(1);
  expect((await api.send("GET", `${own}?fieldSelector=spec.title%3DOther`)).json.items).toHaveLength(0);

  const replaced = await api.send("PUT", `${own}/prom1`, { body: { ...prom(), spec: { title: "New" } } });
  expect(replaced.json["spec"]).toEqual({ title: "New" });
  const merged = await api.send("PATCH", `${own}/prom1`, { body: { spec: { url: "http://a" } }, contentType: mergePatch });
  expect(merged.json["spec"]).toEqual({ title: "New", url: "http://a" });
  const patched = await api.send("PATCH", `${own}/prom1`, {
    body: [{ op: "replace", path: "/spec/url", value: "http://b" }],
    contentType: "application/json-patch+json",
  });
  expect(patched.json["spec"]).toEqual({ title: "New", url: "http://b" });
  const applied = await api.send("PATCH", `${own}/prom1?fieldManager=me&force=true`, {
    body: { apiVersion: "prometheus.datasource.grafana.app/v0alpha1", kind: "DataSource", metadata: { name: "prom1" }, spec: { jsonData: { x: 1 } } },
    contentType: applyPatch,
  });
  expect(applied.json["spec"]).toEqual({ title: "New", url: "http://b", jsonData: { x: 1 } });

  expect((await api.send("DELETE", `${own}/prom1`)).status).toBe(200);
  expect((await api.send("GET", `${own}/prom1`)).status).toBe(404);
});

test("a watch tells of each write", async () => {
  await using api = await startDataSources();
  const ref = { group: "prometheus.datasource.grafana.app", version: "v0alpha1", resource: "datasources", namespaced: true };
  const stop = new AbortController();
  const events = api.client.watch(ref, { resourceVersion: "1" }, stop.signal)[Symbol.asyncIterator]();
  const next = async (): Promise<string> => {
    const result = await events.next();
    return result.done === true ? "the end" : `${result.value.type} ${result.value.object.metadata.name}`;
  };
  await api.send("POST", own, { body: prom() });
  // Another plugin's is none of this group's.
  await api.send("POST", other, { body: prom("loki1") });
  await api.send("PUT", `${own}/prom1`, { body: prom("prom1", { title: "New" }) });
  await api.send("DELETE", `${own}/prom1`);
  expect([await next(), await next(), await next()]).toEqual(["ADDED prom1", "MODIFIED prom1", "DELETED prom1"]);
  stop.abort();
});

test("a uid names one data source in its namespace: another plugin's is a conflict, and is not seen", async () => {
  await using api = await startDataSources();
  await api.send("POST", own, { body: prom("shared") });
  expect(await api.send("POST", other, { body: prom("shared") })).toMatchObject({ status: 409, json: { reason: "AlreadyExists" } });
  const applied = await api.send("PATCH", `${other}/shared?fieldManager=me`, {
    body: { apiVersion: "loki.datasource.grafana.app/v0alpha1", kind: "DataSource", metadata: { name: "shared" }, spec: {} },
    contentType: applyPatch,
  });
  expect(applied.status).toBe(409);
  for (const method of ["GET", "DELETE"]) expect((await api.send(method, `${other}/shared`)).status).toBe(404);
  expect((await api.send("PUT", `${other}/shared`, { body: prom("shared") })).status).toBe(404);
  expect((await api.send("DELETE", other)).status).toBe(200);
  expect((await api.send("GET", `${own}/shared`)).status).toBe(200);
});

test.each(["P1809F7CD0C75ACF3", "a_b-C.d", "_x", "-y", "x".repeat(253)])("the uid %s is taken as Grafana gives it", async (uid) => {
  await using api = await startDataSources();
  expect((await api.send("POST", own, { body: prom(uid) })).status).toBe(201);
  expect((await api.send("GET", `${own}/${uid}`)).json.metadata.name).toBe(uid);
  expect((await api.send("DELETE", `${own}/${uid}`)).status).toBe(200);
});

test.each([
  ["x".repeat(254), "at most 253 characters"],
  ["a/b", "may not contain '/'"],
  ["..", "may not be '..'"],
  ["a%2Fb", "'%'"],
  ["a\\b", "a uid has 1 to 253 letters"],
  ["a b", "a uid has 1 to 253 letters"],
  ["a\nb", "a uid has 1 to 253 letters"],
])("the uid %j is refused, and the cause says why", async (uid, why) => {
  await using api = await startDataSources();
  const { status, json } = await api.send("POST", own, { body: prom(uid) });
  expect(status).toBe(422);
  expect(json).toMatchObject({
    reason: "Invalid",
    details: { causes: [{ field: "metadata.name", message: expect.stringContaining(why) as string }] },
  });
});

test("connections name what may be queried and show no settings; they are read only", async () => {
  await using api = await startDataSources();
  const annotations = { "example.com/note": "http://localhost:9090" };
  await api.send("POST", own, { body: { ...prom(), metadata: { name: "prom1", annotations }, secure: { token: { create: "s3cret" } } } });
  await api.send("POST", own, { body: { metadata: { name: "untitled" } } });
  const { json } = await api.send("GET", `${connections}/prom1`);
  expect(json).toMatchObject({
    kind: "DataSourceConnection",
    title: "Prom",
    plugin: "prometheus",
    metadata: { name: "prom1", namespace: "default" },
  });
  expect(Object.keys(json).sort()).toEqual(["apiVersion", "kind", "metadata", "plugin", "title"]);
  const list = await api.send("GET", connections);
  expect(list.json.items.map((it) => it["title"])).toEqual(["Prom", "untitled"]);
  const table = await api.send("GET", connections, { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" });
  const partial = await api.send("GET", connections, { accept: "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io" });
  for (const { text } of [list, table, partial]) expect(text).not.toMatch(/9090|managedFields|token|s3cret/);
  expect(table.json).toMatchObject({ rows: [{ cells: ["prom1", "Prom", "prometheus", expect.anything()] }, {}] });

  const writes = [
    api.send("POST", connections, { body: prom("new") }),
    api.send("PUT", `${connections}/prom1`, { body: prom() }),
    api.send("PATCH", `${connections}/prom1`, { body: {}, contentType: mergePatch }),
    api.send("DELETE", `${connections}/prom1`),
    api.send("DELETE", connections),
    api.send("GET", `${connections}?watch=true`),
  ];
  for (const { status, json: answer } of await Promise.all(writes)) expect([status, answer["reason"]]).toEqual([405, "MethodNotAllowed"]);
});

test("the plugin context, secrets opened, is the data plane's alone, and nobody is told that it exists", async () => {
  await using api = await startDataSources();
  const spec = { user: "u", database: "d", basicAuth: true, basicAuthUser: "b", jsonData: { httpMethod: "POST" } };
  await api.send("POST", own, { body: { ...prom("prom1", spec), secure: { basicAuthPassword: { create: "s3cret" } } } });
  const context = await api.send("GET", `${own}/prom1/plugincontext`, { user: dataPlaneUser });
  expect(context.json).toMatchObject({
    kind: "PluginContext",
    metadata: { name: "prom1" },
    instance: {
      uid: "prom1",
      name: "Prom",
      type: "prometheus",
      url: "http://localhost:9090",
      user: "u",
      database: "d",
      basicAuthEnabled: true,
      basicAuthUser: "b",
      jsonData: { httpMethod: "POST" },
      decryptedSecureJsonData: { basicAuthPassword: "s3cret" },
      lastUpdatedMs: expect.any(Number) as number,
    },
  });
  for (const user of [admin, undefined]) {
    const refused = await api.send("GET", `${own}/prom1/plugincontext`, user === undefined ? {} : { user });
    expect([refused.status, refused.text.includes("s3cret")]).toEqual([403, false]);
  }
  const paths = ["/apis/prometheus.datasource.grafana.app/v0alpha1", "/openapi/v2", "/openapi/v3/apis/prometheus.datasource.grafana.app/v0alpha1"];
  for (const path of paths) {
    const { status, text } = await api.send("GET", path, { user: admin });
    expect([status, /plugincontext/i.test(text)]).toEqual([200, false]);
  }
});

test("lastUpdated moves with the settings and the secrets, by at least one, and with nothing else", async () => {
  // A clock that stands still, as two writes within a millisecond see it.
  const clock = { now: () => new Date(5_000), sleep: () => new Promise<never>(() => undefined) };
  await using api = await startDataSources({ clock });
  const lastUpdated = async (): Promise<unknown> => {
    const { json } = await api.send("GET", `${own}/prom1/plugincontext`, { user: dataPlaneUser });
    return (json["instance"] as Record<string, unknown>)["lastUpdatedMs"];
  };
  const merge = (body: object) => api.send("PATCH", `${own}/prom1`, { body, contentType: mergePatch });
  await api.send("POST", own, { body: { ...prom("prom1", { jsonData: { a: 1, b: 2 } }), secure: { token: { create: "one" } } } });
  expect(await lastUpdated()).toBe(5_000);
  await merge({ metadata: { labels: { team: "x" }, annotations: { note: "y" } } });
  await merge({ secure: { token: { create: "one" } } });
  await api.send("PUT", `${own}/prom1`, { body: { ...prom("prom1", { jsonData: { b: 2, a: 1 } }) } });
  expect(await lastUpdated()).toBe(5_000);
  await merge({ spec: { jsonData: { a: 2 } } });
  expect(await lastUpdated()).toBe(5_001);
  await merge({ secure: { token: { create: "two" } } });
  expect(await lastUpdated()).toBe(5_002);
  await merge({ secure: { token: { remove: true } } });
  expect(await lastUpdated()).toBe(5_003);
});

test("fields that are unknown, or of another type, are refused by their path", async () => {
  await using api = await startDataSources();
  const strict = await api.send("POST", `${own}?fieldValidation=Strict`, { body: prom("a", { urll: "x" }) });
  expect([strict.status, strict.text]).toEqual([400, expect.stringContaining("spec.urll")]);
  const typed = await api.send("POST", own, { body: prom("a", { url: 5 }) });
  expect(typed).toMatchObject({ status: 422, json: { details: { causes: [{ field: "spec.url" }] } } });
});

test("a namespace must exist", async () => {
  await using api = await startDataSources();
  const { status, json } = await api.send("POST", own.replace("default", "org-9"), { body: prom() });
  expect([status, json["message"]]).toEqual([404, 'namespaces "org-9" not found']);
});
