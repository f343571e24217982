import { type ApiObject, type HttpResponse, type JsonObject, type JsonValue, type ObjectMeta, unavailable } from "@dataplane/meta";
import { createMemoryStore, type Store } from "@dataplane/storage";
import { expect, test } from "vitest";
import type { ResourceDefinition, VersionedStorage } from "../resource.js";
import type { StructuralSchema } from "../schema/structural-schema.js";
import { startApiServer, type TestServer } from "../testing/start-api-server.js";
import type { Converter } from "./converter.js";

const text: StructuralSchema = { type: "string" };
const specOf = (properties: Readonly<Record<string, StructuralSchema>>): StructuralSchema => ({
  type: "object",
  properties: { spec: { type: "object", properties } },
});

const gadget = (version: string, schema: StructuralSchema, versioned: VersionedStorage): ResourceDefinition => ({
  group: "example.com",
  version,
  kind: "Gadget",
  plural: "gadgets",
  scope: "namespaced",
  schema,
  versioned,
  selectableFields: ["spec.host"],
});

const v1 = specOf({ address: text });
const v2 = specOf({ host: text, port: text });

/** `address` of v1 is `host:port` in v2; of an object labelled `broken` nothing can be made. */
class AddressConverter implements Converter {
  readonly asked: number[] = [];

  convert(objects: readonly JsonObject[], desired: { readonly group: string; readonly version: string }) {
    this.asked.push(objects.length);
    const broken = objects.map(({ metadata }) => metadata as ObjectMeta & JsonValue).find(({ labels = {} }) => "broken" in labels);
    if (broken !== undefined) return Promise.resolve({ failure: { message: `cannot convert ${broken.name}` } });
    return Promise.resolve({ converted: objects.map((object) => converted(object, desired.version)) });
  }
}

function converted(object: JsonObject, version: string): JsonObject {
  const spec = object["spec"] as Readonly<Record<string, string>>;
  const [host = "", port = ""] = (spec["address"] ?? "").split(":");
  const next = version === "v2" ? { host, port } : { address: `${spec["host"] ?? ""}:${spec["port"] ?? ""}` };
  return { ...object, apiVersion: `example.com/${version}`, spec: next };
}

const path = (version: string, rest = "") => `/apis/example.com/${version}/namespaces/default/gadgets${rest}`;
const make = (api: TestServer, version: string, name: string, spec: object, labels = {}) =>
  api.call(path(version), { method: "POST", body: { metadata: { name, labels }, spec } });
const merge = (api: TestServer, where: string, body: object) =>
  api.call(where, { method: "PATCH", headers: { "content-type": "application/merge-patch+json" }, body });

function startWith(
  versioned: VersionedStorage,
  store?: Store,
  schemas: readonly [StructuralSchema, StructuralSchema] = [v1, v2],
): Promise<TestServer> {
  const register = (registry: TestServer["registry"]): void => {
    registry.add(gadget("v1", schemas[0], versioned));
    registry.add(gadget("v2", schemas[1], versioned));
  };
  return startApiServer(register, store);
}

const storedText = async (api: TestServer, name: string): Promise<string> =>
  new TextDecoder().decode((await api.store.get(`/example.com/gadgets/default/${name}`))?.value);

interface Event {
  readonly type: string;
  readonly object: ApiObject & { readonly spec?: unknown; readonly message?: string };
}

async function take({ body }: HttpResponse, count: number): Promise<readonly Event[]> {
  const events: Event[] = [];
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    const lines = new TextDecoder().decode(chunk).trimEnd().split("\n");
    events.push(...lines.map((line) => JSON.parse(line) as Event));
    if (events.length >= count) break;
  }
  return events;
}

test("without a converter, versions differ in apiVersion, and each shows what its schema knows", async () => {
  const both = specOf({ a: text, b: { type: "string", default: "x" } });
  await using api = await startWith({ storageVersion: "v1" }, undefined, [specOf({ a: text }), both]);
  await make(api, "v1", "g", { a: "1" });
  expect((await api.call(path("v2", "/g"))).json).toMatchObject({ apiVersion: "example.com/v2", spec: { a: "1", b: "x" } });
  expect((await api.call(path("v2"))).json.items).toMatchObject([{ apiVersion: "example.com/v2", spec: { a: "1", b: "x" } }]);
  await merge(api, path("v2", "/g"), { spec: { b: "y" } });
  expect((await api.call(path("v1", "/g"))).json["spec"]).toEqual({ a: "1" });
  const [event] = await take(await api.open(`${path("v2")}?watch=1`), 1);
  expect(event).toMatchObject({ type: "ADDED", object: { apiVersion: "example.com/v2", kind: "Gadget" } });
});

test("an object that was stored before a default existed shows it, and is written with it next", async () => {
  const store = createMemoryStore();
  const before = specOf({ a: text });
  const after = specOf({ a: text, b: { type: "string", default: "x" } });
  await using api = await startApiServer((registry) => registry.set("crd", [gadget("v1", before, { storageVersion: "v1" })]), store);
  await make(api, "v1", "g", { a: "1" });
  expect(await storedText(api, "g")).toMatch(/\0\0v1 [\w-]{10}$/);
  api.registry.set("crd", [gadget("v1", after, { storageVersion: "v1" })]);
  expect((await api.call(path("v1", "/g"))).json["spec"]).toEqual({ a: "1", b: "x" });
  expect((await api.call(path("v1"))).text).toContain('"b":"x"');
  expect(await storedText(api, "g")).not.toContain('"b"');
  await merge(api, path("v1", "/g"), {});
  expect(await storedText(api, "g")).toContain('"b":"x"');
});

test("a converter gives reads, lists, watches and writes in the version that is asked for", async () => {
  const converter = new AddressConverter();
  await using api = await startWith({ storageVersion: "v1", converter });
  const made = await make(api, "v2", "g", { host: "h", port: "1" });
  expect(made).toMatchObject({ status: 201, json: { apiVersion: "example.com/v2", spec: { host: "h", port: "1" } } });
  expect(await storedText(api, "g")).toContain('"address":"h:1"');
  expect((await api.call(path("v1", "/g"))).json["spec"]).toEqual({ address: "h:1" });
  const events = take(await api.open(`${path("v2")}?watch=1`), 3);
  await merge(api, path("v2", "/g"), { spec: { port: "2" } });
  expect((await api.call(path("v1", "/g"))).json).toMatchObject({ spec: { address: "h:2" }, metadata: { generation: 2 } });
  expect((await api.call(`${path("v2")}?fieldSelector=spec.host%3Dh`)).json.items).toMatchObject([{ spec: { host: "h", port: "2" } }]);
  expect((await api.call(path("v2", "/g"), { method: "DELETE" })).status).toBe(200);
  expect((await events).map(({ type, object }) => [type, object.spec])).toEqual([
    ["ADDED", { host: "h", port: "1" }],
    ["MODIFIED", { host: "h", port: "2" }],
    ["DELETED", { host: "h", port: "2" }],
  ]);
});

test("a list converts in one question, and asks for nothing twice", async () => {
  const converter = new AddressConverter();
  await using api = await startWith({ storageVersion: "v1", converter });
  for (const name of ["a", "b", "c"]) await make(api, "v1", name, { address: `${name}:1` });
  expect(converter.asked).toEqual([]);
  expect((await api.call(path("v2"))).json.items).toHaveLength(3);
  expect((await api.call(path("v2"))).json.items).toHaveLength(3);
  await api.call(path("v2", "/a"));
  expect(converter.asked).toEqual([3]);
});

test("a conversion that fails ends the request that needs it, in the converter's words, and no other", async () => {
  await using api = await startWith({ storageVersion: "v1", converter: new AddressConverter() });
  await make(api, "v1", "bad", { address: "a:1" }, { broken: "" });
  await make(api, "v1", "good", { address: "b:1" });
  const failure = { status: 500, json: { kind: "Status", reason: "InternalError", message: "cannot convert bad" } };
  expect(await api.call(path("v2"))).toMatchObject(failure);
  expect(await api.call(path("v2", "/bad"))).toMatchObject(failure);
  expect((await api.call(path("v2", "/good"))).status).toBe(200);
  expect((await api.call(path("v1"))).json.items).toHaveLength(2);
  const [event] = await take(await api.open(`${path("v2")}?watch=1`), 1);
  expect(event).toMatchObject({ type: "ERROR", object: { code: 500, message: "cannot convert bad" } });
});

test("a watch waits for a converter that is away, and loses nothing meanwhile", async () => {
  const working = new AddressConverter();
  let isAway = true;
  const convert: Converter["convert"] = (objects, desired) => (isAway ? Promise.reject(unavailable("starting")) : working.convert(objects, desired));
  await using api = await startWith({ storageVersion: "v1", converter: { convert } });
  const events = take(await api.open(`${path("v2")}?watch=1`), 3);
  for (const address of ["h:1", "h:2", "h:3"]) {
    if (address === "h:1") await make(api, "v1", "g", { address });
    else await merge(api, path("v1", "/g"), { spec: { address } });
  }
  expect((await api.call(path("v2"))).status).toBe(503);
  isAway = false;
  expect((await events).map(({ type, object }) => [type, object.spec])).toEqual([
    ["ADDED", { host: "h", port: "1" }],
    ["MODIFIED", { host: "h", port: "2" }],
    ["MODIFIED", { host: "h", port: "3" }],
  ]);
});

test("a new storage version is what the next write stores, one that changes nothing too", async () => {
  const converter = new AddressConverter();
  const definitions = (storageVersion: string) => [gadget("v1", v1, { storageVersion, converter }), gadget("v2", v2, { storageVersion, converter })];
  await using api = await startApiServer((registry) => registry.set("crd", definitions("v1")));
  const { json: before } = await make(api, "v1", "g", { address: "h:1" });
  api.registry.set("crd", definitions("v2"));
  expect(await storedText(api, "g")).toContain("address");
  const { json: same } = await api.call(path("v1", "/g"), { method: "PUT", body: before });
  expect(same).toMatchObject({ apiVersion: "example.com/v1", spec: { address: "h:1" }, metadata: { generation: 1 } });
  expect(await storedText(api, "g")).toContain('"spec":{"host":"h","port":"1"}');
  const { json: again } = await api.call(path("v1", "/g"), { method: "PUT", body: same });
  expect(again.metadata?.["resourceVersion"]).toBe(same.metadata?.["resourceVersion"]);
});

test("who owns a field loses it when it changes under its name of another version", async () => {
  await using api = await startWith({ storageVersion: "v1", converter: new AddressConverter() });
  const body = { metadata: { name: "g" }, spec: { address: "h:1" } };
  await api.call(`${path("v1")}?fieldManager=first`, { method: "POST", body });
  const headers = { "content-type": "application/merge-patch+json" };
  await api.call(`${path("v2", "/g")}?fieldManager=second`, { method: "PATCH", headers, body: { metadata: { labels: { a: "b" } } } });
  const ownersOf = (object: { readonly metadata?: Readonly<Record<string, unknown>> }) =>
    (object.metadata?.["managedFields"] as readonly { manager: string; apiVersion: string; fieldsV1: object }[]).map((it) => [
      it.manager,
      it.apiVersion,
      it.fieldsV1,
    ]);
  const first = ["first", "example.com/v1", { "f:spec": { ".": {}, "f:address": {} } }];
  expect(ownersOf((await api.call(path("v1", "/g"))).json)).toContainEqual(first);
  const { json } = await api.call(`${path("v2", "/g")}?fieldManager=second`, { method: "PATCH", headers, body: { spec: { port: "2" } } });
  expect(ownersOf(json)).toContainEqual(["first", "example.com/v1", { "f:spec": {} }]);
  expect(ownersOf(json)).toContainEqual([
    "second",
    "example.com/v2",
    { "f:metadata": { "f:labels": { ".": {}, "f:a": {} } }, "f:spec": { "f:port": {} } },
  ]);
});

test("an apply conflicts with who owns a field under its name of another version, and takes it by force", async () => {
  await using api = await startWith({ storageVersion: "v1", converter: new AddressConverter() });
  const apply = (version: string, manager: string, spec: object, query = "") =>
    api.call(`${path(version, "/g")}?fieldManager=${manager}${query}`, {
      method: "PATCH",
      headers: { "content-type": "application/apply-patch+yaml" },
      body: { apiVersion: `example.com/${version}`, kind: "Gadget", metadata: { name: "g" }, spec },
    });
  expect((await apply("v1", "first", { address: "h:1" })).status).toBe(201);
  expect((await apply("v2", "second", { host: "h", port: "1" })).status).toBe(200);
  const refused = await apply("v2", "second", { host: "h", port: "2" });
  const message = 'Apply failed with 1 conflict: conflict with "first": .spec.address';
  expect([refused.status, refused.json["message"]]).toEqual([409, message]);
  const { json } = await apply("v2", "second", { host: "h", port: "2" }, "&force=true");
  expect(json["spec"]).toEqual({ host: "h", port: "2" });
  const owners = json.metadata?.["managedFields"] as readonly { manager: string; fieldsV1: object }[];
  expect(owners.map(({ manager, fieldsV1 }) => [manager, fieldsV1])).toEqual([["second", { "f:spec": { "f:host": {}, "f:port": {} } }]]);
});

test("a namespace is emptied through the version that is stored, also when nothing can be converted", async () => {
  await using api = await startWith({ storageVersion: "v2", converter: new AddressConverter() });
  await api.call("/api/v1/namespaces", { method: "POST", body: { metadata: { name: "other" } } });
  const inOther = path("v2").replace("default", "other");
  await api.call(inOther, { method: "POST", body: { metadata: { name: "bad", labels: { broken: "" } }, spec: { host: "h", port: "1" } } });
  await api.call("/api/v1/namespaces/other", { method: "DELETE" });
  await expect.poll(async () => (await api.call("/api/v1/namespaces/other")).status).toBe(404);
});

test("who wants metadata alone gets it as it is stored, also when nothing can be converted", async () => {
  const converter = new AddressConverter();
  const definitions = [gadget("v1", v1, { storageVersion: "v1", converter }), gadget("v2", v2, { storageVersion: "v1", converter })];
  await using api = await startApiServer((registry) => registry.set("crd", definitions));
  await make(api, "v1", "bad", { address: "a:1" }, { broken: "" });
  const headers = { accept: "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1" };
  const lists = { accept: "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1" };
  expect((await api.call(path("v2", "/bad"), { headers })).json).toMatchObject({ kind: "PartialObjectMetadata", metadata: { name: "bad" } });
  expect((await api.call(`${path("v2")}?labelSelector=broken`, { headers: lists })).json.items).toMatchObject([{ metadata: { name: "bad" } }]);
  expect((await api.call(`${path("v2")}?fieldSelector=spec.host%3Da`, { headers: lists })).status).toBe(500);
  converter.asked.length = 0;
  const events = take(await api.open(`${path("v2")}?watch=1`, { headers }), 2);
  // Another kind of the owner: this watch goes on.
  api.registry.set("crd", [...definitions, { ...gadget("v1", v1, { storageVersion: "v1" }), plural: "gizmos", kind: "Gizmo" }]);
  await make(api, "v1", "worse", { address: "a:2" }, { broken: "" });
  expect((await events).map(({ type, object }) => [type, object.kind, object.metadata.name])).toEqual([
    ["ADDED", "PartialObjectMetadata", "bad"],
    ["ADDED", "PartialObjectMetadata", "worse"],
  ]);
  expect(converter.asked).toEqual([]);
});

test("garbage is collected though nothing can be converted, whatever version its owner is named in", async () => {
  await using api = await startWith({ storageVersion: "v1", converter: new AddressConverter() });
  const { json: owner } = await make(api, "v1", "bad", { address: "a:1" }, { broken: "" });
  const ownerReferences = [{ apiVersion: "example.com/v2", kind: "Gadget", name: "bad", uid: owner.metadata?.["uid"] }];
  const maps = "/api/v1/namespaces/default/configmaps";
  await api.call(maps, { method: "POST", body: { metadata: { name: "m", ownerReferences } } });
  await api.call(path("v1"), { method: "POST", body: { metadata: { name: "child", labels: { broken: "" }, ownerReferences } } });
  expect((await api.call(`${maps}/m`)).status).toBe(200);
  expect((await api.call(path("v1", "/child"))).status).toBe(200);
  expect((await api.call(path("v1", "/bad"), { method: "DELETE" })).status).toBe(200);
  await expect.poll(async () => (await api.call(`${maps}/m`)).status).toBe(404);
  await expect.poll(async () => (await api.call(path("v1", "/child"))).status).toBe(404);
});
