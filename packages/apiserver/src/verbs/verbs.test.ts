import { dataPlaneUser, type UserInfo } from "@dataplane/meta";
import { expect, test } from "vitest";
import { startApiServer, type TestServer } from "../testing/start-api-server.js";
import { widgets } from "../testing/widgets.js";

const base = "/apis/example.com/v1/namespaces/default/widgets";
const start = (): Promise<TestServer> => startApiServer((registry) => registry.add(widgets));
const widget = (name: string, spec: object = { color: "red" }, labels = {}) => ({ metadata: { name, labels }, spec });
const create = (api: TestServer, name: string, spec?: object, labels?: object) =>
  api.call(base, { method: "POST", body: { ...widget(name, spec), metadata: { name, labels } } });

test("what is created is defaulted, given its metadata, and read back as the same bytes", async () => {
  await using api = await start();
  const created = await create(api, "a");
  expect(created.status).toBe(201);
  expect(created.json).toMatchObject({
    kind: "Widget",
    apiVersion: "example.com/v1",
    spec: { color: "red", size: 1 },
    metadata: { generation: 1, namespace: "default" },
  });
  expect(created.json.metadata?.["uid"]).toMatch(/^[0-9a-f-]{36}$/);
  expect(created.json.metadata?.["managedFields"]).toHaveLength(1);
  const read = await api.call(`${base}/a`);
  expect(read.text).toBe(created.text);
});

test("a name that is taken is 409, a missing namespace 404, a bad object 422 with its causes", async () => {
  await using api = await start();
  await create(api, "a");
  expect(await create(api, "a")).toMatchObject({ status: 409, json: { reason: "AlreadyExists", message: 'widgets.example.com "a" already exists' } });
  expect(await api.call(base.replace("default", "nowhere"), { method: "POST", body: widget("a") })).toMatchObject({
    status: 404,
    json: { message: 'namespaces "nowhere" not found' },
  });
  expect(await create(api, "b", { color: "blue" })).toMatchObject({
    status: 422,
    json: { reason: "Invalid", details: { causes: [{ field: "spec.color" }] } },
  });
  expect(await create(api, "B_")).toMatchObject({ status: 422, json: { details: { causes: [{ field: "metadata.name" }] } } });
  expect(await create(api, "b", { color: "red", size: 101 })).toMatchObject({ status: 422, json: { details: { causes: [{ field: "spec.size" }] } } });
});

test("generateName draws a name", async () => {
  await using api = await start();
  const { json } = await api.call(base, { method: "POST", body: { metadata: { generateName: "w-" }, spec: { color: "red" } } });
  expect(json.metadata?.["name"]).toMatch(/^w-[a-z0-9]{5}$/);
});

test("unknown fields are refused, warned of, or passed over", async () => {
  await using api = await start();
  const body = { ...widget("a"), spec: { color: "red", x: 1 } };
  const strict = await api.call(`${base}?fieldValidation=Strict`, { method: "POST", body });
  expect(strict).toMatchObject({ status: 400, json: { reason: "BadRequest" } });
  expect(strict.json["message"]).toContain('strict decoding error: unknown field "spec.x"');
  const warned = await api.call(`${base}?dryRun=All`, { method: "POST", body });
  expect(warned.headers["warning"]).toEqual([String.raw`299 - "unknown field \"spec.x\""`]);
  const ignored = await api.call(`${base}?fieldValidation=Ignore`, { method: "POST", body });
  expect(ignored.headers["warning"]).toBeUndefined();
  expect(ignored.json["spec"]).toEqual({ color: "red", size: 1 });
});

test("a key that stands twice is a strict error too", async () => {
  await using api = await start();
  const body = '{"metadata":{"name":"a"},"spec":{"color":"red","color":"green"}}';
  const { json } = await api.call(`${base}?fieldValidation=Strict`, { method: "POST", body });
  expect(json["message"]).toContain('duplicate field "spec.color"');
});

test("a dry run writes nothing", async () => {
  await using api = await start();
  const before = await api.store.revision();
  expect((await api.call(`${base}?dryRun=All`, { method: "POST", body: widget("a") })).status).toBe(201);
  expect(await api.store.revision()).toBe(before);
  expect((await api.call(`${base}?dryRun=some`, { method: "POST", body: widget("a") })).status).toBe(422);
});

test("an update obeys the resourceVersion, keeps identity, and grows the generation by spec alone", async () => {
  await using api = await start();
  const { json: created } = await create(api, "a");
  const put = (body: object) => api.call(`${base}/a`, { method: "PUT", body });
  const changed = await put({
    ...created,
    metadata: { ...created.metadata, uid: created.metadata?.["uid"], creationTimestamp: "2000-01-01T00:00:00Z" },
    spec: { color: "green" },
  });
  expect(changed.json.metadata).toMatchObject({ generation: 2, creationTimestamp: created.metadata?.["creationTimestamp"] });
  expect(await put({ ...created, spec: { color: "red" } })).toMatchObject({ status: 409, json: { reason: "Conflict" } });
  const labelled = await put({ metadata: { name: "a", labels: { x: "y" } }, spec: { color: "green" } });
  expect(labelled.json.metadata).toMatchObject({ generation: 2, labels: { x: "y" } });
  const revision = await api.store.revision();
  const same = await put(labelled.json);
  expect(same.json.metadata?.["resourceVersion"]).toBe(labelled.json.metadata?.["resourceVersion"]);
  expect(await api.store.revision()).toBe(revision);
});

test("spec and status are written by their own resource alone", async () => {
  await using api = await start();
  const { json: created } = await api.call(base, { method: "POST", body: { ...widget("a"), status: { phase: "Ready" } } });
  expect(created["status"]).toBeUndefined();
  const { json } = await api.call(`${base}/a/status`, { method: "PUT", body: { ...created, spec: { color: "green" }, status: { phase: "Ready" } } });
  expect(json).toMatchObject({ spec: { color: "red" }, status: { phase: "Ready" }, metadata: { generation: 1 } });
  const { json: merged } = await api.call(`${base}/a`, {
    method: "PATCH",
    headers: { "content-type": "application/merge-patch+json" },
    body: { spec: { size: 5 }, status: { phase: "Lost" } },
  });
  expect(merged).toMatchObject({ spec: { size: 5 }, status: { phase: "Ready" } });
});

test("patches go by content type, and others are 415 with the list", async () => {
  await using api = await start();
  await create(api, "a");
  const patch = (type: string, body: unknown, query = "") =>
    api.call(`${base}/a${query}`, { method: "PATCH", headers: { "content-type": type }, body });
  expect((await patch("application/json-patch+json", [{ op: "replace", path: "/spec/size", value: 7 }])).json["spec"]).toMatchObject({ size: 7 });
  const strategic = await patch("application/strategic-merge-patch+json", {});
  expect(strategic.status).toBe(415);
  expect(strategic.json["message"]).toContain("application/merge-patch+json");
  const stale = await patch("application/merge-patch+json", { metadata: { resourceVersion: "1" } });
  expect(stale.status).toBe(409);
});

test("apply makes what is absent, and two managers conflict over a field", async () => {
  await using api = await start();
  const apply = (manager: string, size: number, force = "") =>
    api.call(`${base}/a?fieldManager=${manager}${force}`, {
      method: "PATCH",
      headers: { "content-type": "application/apply-patch+yaml" },
      body: { apiVersion: "example.com/v1", kind: "Widget", metadata: { name: "a" }, spec: { color: "red", size } },
    });
  expect((await apply("one", 1)).status).toBe(201);
  const revision = await api.store.revision();
  expect((await apply("one", 1)).status).toBe(200);
  expect(await api.store.revision()).toBe(revision);
  expect(await apply("two", 2)).toMatchObject({ status: 409, json: { reason: "Conflict" } });
  expect((await apply("two", 2, "&force=true")).json["spec"]).toMatchObject({ size: 2 });
});

test("lists select by labels and fields, in pages of one snapshot", async () => {
  await using api = await start();
  for (const name of ["a", "b", "c"]) await create(api, name, { color: name === "b" ? "green" : "red" }, { l: name });
  const names = async (query: string) => (await api.call(`${base}?${query}`)).json.items?.map(({ metadata }) => metadata.name);
  expect(await names("")).toEqual(["a", "b", "c"]);
  expect(await names("labelSelector=l%20in%20(a,c)")).toEqual(["a", "c"]);
  expect(await names("fieldSelector=spec.color%3Dgreen")).toEqual(["b"]);
  expect(await names("fieldSelector=metadata.name%3Dc")).toEqual(["c"]);
  expect((await api.call(`${base}?fieldSelector=spec.size%3D1`)).status).toBe(400);
  const first = await api.call(`${base}?limit=2`);
  expect(first.json.metadata).toMatchObject({ remainingItemCount: 1 });
  await create(api, "d");
  await api.call(`${base}/c`, { method: "DELETE" });
  const next = await api.call(`${base}?limit=2&continue=${String(first.json.metadata?.["continue"])}`);
  expect(next.json.items?.map(({ metadata }) => metadata.name)).toEqual(["c"]);
  expect(next.json.metadata?.["resourceVersion"]).toBe(first.json.metadata?.["resourceVersion"]);
});

test("an old continue token is 410 with one that goes on", async () => {
  await using api = await start();
  for (const name of ["a", "b"]) await create(api, name);
  const first = await api.call(`${base}?limit=1`);
  await create(api, "c");
  await api.store.compact(await api.store.revision());
  const old = await api.call(`${base}?limit=5&continue=${String(first.json.metadata?.["continue"])}`);
  expect(old).toMatchObject({ status: 410, json: { reason: "Expired" } });
  const rest = await api.call(`${base}?continue=${String(old.json.metadata?.["continue"])}`);
  expect(rest.json.items?.map(({ metadata }) => metadata.name)).toEqual(["b", "c"]);
});

test("a resourceVersion of the future waits, then is 504", async () => {
  await using api = await start();
  const answer = await api.call(`${base}?resourceVersion=999999`);
  expect(answer).toMatchObject({
    status: 504,
    json: { reason: "Timeout", details: { causes: [{ reason: "ResourceVersionTooLarge" }], retryAfterSeconds: 1 } },
  });
});

test("a delete answers Status, finalizers hold the object until they are gone", async () => {
  await using api = await start();
  await create(api, "a");
  expect((await api.call(`${base}/a`, { method: "DELETE", body: { preconditions: { uid: "x" } } })).status).toBe(409);
  expect((await api.call(`${base}/a?dryRun=All`, { method: "DELETE" })).status).toBe(200);
  expect(await api.call(`${base}/a`, { method: "DELETE" })).toMatchObject({
    status: 200,
    json: { kind: "Status", status: "Success", details: { kind: "widgets" } },
  });
  expect((await api.call(`${base}/a`)).status).toBe(404);
  await api.call(base, { method: "POST", body: { metadata: { name: "b", finalizers: ["example.com/f"] }, spec: { color: "red" } } });
  const held = await api.call(`${base}/b`, { method: "DELETE" });
  expect(held.json.metadata?.["deletionTimestamp"]).toBeDefined();
  await api.call(`${base}/b`, {
    method: "PATCH",
    headers: { "content-type": "application/merge-patch+json" },
    body: { metadata: { finalizers: null } },
  });
  expect((await api.call(`${base}/b`)).status).toBe(404);
});

test("a collection is deleted by selector", async () => {
  await using api = await start();
  await create(api, "a", undefined, { x: "1" });
  await create(api, "b");
  expect((await api.call(`${base}?labelSelector=x`, { method: "DELETE" })).json.items).toHaveLength(1);
  expect((await api.call(base)).json.items?.map(({ metadata }) => metadata.name)).toEqual(["b"]);
});

test("a namespace goes with what is in it", async () => {
  await using api = await start();
  await api.call("/api/v1/namespaces", { method: "POST", body: { metadata: { name: "other" } } });
  await api.call(base.replace("default", "other"), { method: "POST", body: widget("a") });
  const marked = await api.call("/api/v1/namespaces/other", { method: "DELETE" });
  expect(marked.json["status"]).toEqual({ phase: "Terminating" });
  await expect.poll(async () => (await api.call("/api/v1/namespaces/other")).status).toBe(404);
  expect((await api.call("/apis/example.com/v1/widgets")).json.items).toEqual([]);
});

test("a table has the definition's columns", async () => {
  await using api = await start();
  await create(api, "a");
  const accept = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
  const { json } = await api.call(base, { headers: { accept } });
  expect(json).toMatchObject({
    kind: "Table",
    apiVersion: "meta.k8s.io/v1",
    rows: [{ object: { kind: "PartialObjectMetadata", metadata: { name: "a" } } }],
  });
  expect((json["columnDefinitions"] as { name: string }[]).map(({ name }) => name)).toEqual(["Name", "Color", "Size", "Age"]);
  expect((await api.call(base, { headers: { accept: "text/html" } })).status).toBe(406);
});

test("events are one store under two names", async () => {
  await using api = await start();
  const made = await api.call("/apis/events.k8s.io/v1/namespaces/default/events", {
    method: "POST",
    body: {
      ...{ metadata: { name: "e" }, note: "hello", regarding: { kind: "Widget", name: "a" }, reason: "R", type: "Normal", action: "A" },
      ...{ eventTime: "2026-01-01T00:00:00.000000Z", reportingController: "example.com/c", reportingInstance: "c-1" },
    },
  });
  expect(made.json).toMatchObject({ apiVersion: "events.k8s.io/v1", note: "hello" });
  const core = await api.call("/api/v1/namespaces/default/events/e");
  expect(core.json).toMatchObject({ apiVersion: "v1", message: "hello", involvedObject: { name: "a" } });
});

test("roles: a viewer reads, an editor writes in namespaces, the rest is 403 in kube's words", async () => {
  await using api = await start();
  const user = (role: string): UserInfo => ({ name: role, groups: [`dataplane:${role}`, "system:authenticated"] });
  expect((await api.call(base, { user: user("viewer") })).status).toBe(200);
  const refused = await api.call(base, { method: "POST", body: widget("a"), user: user("viewer") });
  expect(refused).toMatchObject({
    status: 403,
    json: {
      message:
        'widgets.example.com is forbidden: User "viewer" cannot create resource "widgets" in API group "example.com" in the namespace "default"',
    },
  });
  expect((await api.call(base, { method: "POST", body: widget("a"), user: user("editor") })).status).toBe(201);
  expect((await api.call("/api/v1/namespaces/default", { method: "DELETE", user: user("editor") })).status).toBe(403);
  expect((await api.call(base, { method: "POST", body: widget("b"), user: dataPlaneUser })).status).toBe(403);
});

test("bad paths and bodies are the client's fault", async () => {
  await using api = await start();
  for (const path of ["/apis/a%2fb", "/apis//x", "/apis/%2e%2e/x", "/apis/a%00"]) expect((await api.call(path)).status).toBe(400);
  expect((await api.call("/apis/example.com/v1/namespaces/default/nothing")).json["message"]).toBe(
    "the server could not find the requested resource",
  );
  const malformed = await api.call(base, { method: "POST", body: '{"a":' });
  expect(malformed).toMatchObject({ status: 400 });
  expect(malformed.json["message"]).toContain("line 1, column 6");
  expect((await api.call(base, { method: "POST", body: "x".repeat(4 * 1024 * 1024) })).status).toBe(413);
  expect((await api.call(base, { method: "POST", body: "<a/>", headers: { "content-type": "text/xml" } })).status).toBe(415);
  await api.call(base, { method: "POST", body: '{"metadata":{"name":"p"},"spec":{"color":"red"},"__proto__":{"polluted":true}}' });
  expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
});

test("large lists are gzipped when asked", async () => {
  await using api = await start();
  for (let index = 0; index < 30; index++) {
    await api.call(base, { method: "POST", body: { metadata: { name: `w${index}`, annotations: { a: "x".repeat(6000) } }, spec: { color: "red" } } });
  }
  const { headers } = await api.open(base, { headers: { "accept-encoding": "gzip" } });
  expect(headers["content-encoding"]).toBe("gzip");
  expect((await api.open(base)).headers["content-encoding"]).toBeUndefined();
});

test("YAML answers are read alike by older readers: dates, numbers and yes stay text", async () => {
  await using api = await start();
  await api.call(base, {
    method: "POST",
    body: { metadata: { name: "a", annotations: { a: "yes", b: "1_000", c: "2020-01-01" } }, spec: { color: "red" } },
  });
  const { text } = await api.call(`${base}/a`, { headers: { accept: "application/yaml" } });
  expect(text).toMatch(/creationTimestamp: "\d{4}-/);
  for (const line of ['a: "yes"', 'b: "1_000"', 'c: "2020-01-01"']) expect(text).toContain(line);
});
