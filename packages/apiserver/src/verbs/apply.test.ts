import type { ApiObject, JsonObject } from "@dataplane/meta";
import { expect, test } from "vitest";
import type { ResourceDefinition } from "../resource.js";
import type { StructuralSchema } from "../schema/structural-schema.js";
import { type Answer, startApiServer, type TestServer } from "../testing/start-api-server.js";
import { widgets } from "../testing/widgets.js";

/** As a CRD whose schema says nothing. */
const anything: ResourceDefinition = {
  ...{ group: "example.com", version: "v1", kind: "Anything", plural: "anythings", scope: "namespaced" },
  schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
};

const replicas: StructuralSchema = { type: "object", properties: { replicas: { type: "integer" }, other: { type: "string" } } };

const sets: ResourceDefinition = {
  ...{ group: "example.com", version: "v1", kind: "Set", plural: "sets", scope: "namespaced", hasStatus: true },
  schema: { type: "object", properties: { spec: replicas, status: replicas } },
  scale: { specReplicasPath: ".spec.replicas", statusReplicasPath: ".status.replicas" },
};

const start = (): Promise<TestServer> =>
  startApiServer((registry) => {
    registry.add(widgets);
    registry.add(anything);
    registry.add(sets);
  });

interface Applying {
  readonly kind?: string;
  readonly path?: string;
  readonly query?: string;
  readonly metadata?: JsonObject;
}

const base = "/apis/example.com/v1/namespaces/default";

function apply(
  server: TestServer,
  manager: string,
  more: JsonObject,
  { kind = "Widget", path = "", query = "", metadata = {} }: Applying = {},
): Promise<Answer> {
  const plural = `${kind.toLowerCase()}s`;
  return server.call(`${base}/${plural}/a${path}?fieldManager=${manager}${query}`, {
    method: "PATCH",
    headers: { "content-type": "application/apply-patch+yaml" },
    body: { apiVersion: "example.com/v1", kind, metadata: { name: "a", ...metadata }, ...more },
  });
}

const owners = ({ json }: Answer): readonly string[] =>
  ((json.metadata?.["managedFields"] ?? []) as NonNullable<ApiObject["metadata"]["managedFields"]>).map(
    ({ manager, operation, subresource = "", fieldsV1 }) =>
      [manager, operation, subresource, JSON.stringify(fieldsV1)].filter((it) => it !== "").join(" "),
  );

test("an apply makes the object, and through the object nobody owns or sets its status", async () => {
  await using server = await start();
  const made = await apply(server, "one", { spec: { color: "red" } });
  expect([made.status, owners(made)]).toEqual([201, ['one Apply {"f:spec":{"f:color":{}}}']]);
  const main = await apply(server, "two", { status: { phase: "Ready" } });
  expect([main.status, main.json["status"]]).toEqual([200, undefined]);
  const status = await apply(server, "two", { status: { phase: "Ready" } }, { path: "/status" });
  expect(status.json).toMatchObject({ spec: { color: "red" }, status: { phase: "Ready" } });
  expect(owners(status)).toEqual(['one Apply {"f:spec":{"f:color":{}}}', 'two Apply status {"f:status":{"f:phase":{}}}']);
  expect((await apply(server, "one", {}, { path: "/status" })).json).toMatchObject({ status: { phase: "Ready" } });
});

test("the status subresource makes no object", async () => {
  await using server = await start();
  expect((await apply(server, "one", { status: { phase: "x" } }, { path: "/status" })).status).toBe(404);
});

test("a conflict says who owns the field, force takes it, and the other goes on without it", async () => {
  await using server = await start();
  await apply(server, "one", { spec: { color: "red", size: 2 } });
  const refused = await apply(server, "two", { spec: { color: "green" } });
  expect([refused.status, refused.json]).toMatchObject([
    409,
    {
      reason: "Conflict",
      message: 'Apply failed with 1 conflict: conflict with "one": .spec.color',
      details: { causes: [{ reason: "FieldManagerConflict", message: 'conflict with "one"', field: ".spec.color" }] },
    },
  ]);
  const forced = await apply(server, "two", { spec: { color: "green" } }, { query: "&force=true" });
  expect(owners(forced)).toEqual(['one Apply {"f:spec":{"f:size":{}}}', 'two Apply {"f:spec":{"f:color":{}}}']);
  const without = await apply(server, "one", { spec: {} });
  expect(without.json["spec"]).toEqual({ color: "green", size: 1 });
});

test("who owns a field together with others may leave it, and takes it away alone", async () => {
  await using server = await start();
  await apply(server, "one", { spec: { color: "red", parts: [{ name: "p", count: 1 }, { name: "q" }] } });
  await apply(server, "two", { spec: { color: "red", parts: [{ name: "p" }] } });
  const left = await apply(server, "one", { spec: { color: "red" } });
  expect(left.json["spec"]).toEqual({ color: "red", size: 1, parts: [{ name: "p" }] });
});

test("a dry run merges and stores nothing", async () => {
  await using server = await start();
  expect((await apply(server, "one", { spec: { color: "red" } }, { query: "&dryRun=All" })).status).toBe(201);
  expect((await server.call(`${base}/widgets/a`)).status).toBe(404);
  await apply(server, "one", { spec: { color: "red" } });
  expect((await apply(server, "one", { spec: { color: "green" } }, { query: "&dryRun=All" })).json["spec"]).toMatchObject({ color: "green" });
  expect((await server.call(`${base}/widgets/a`)).json["spec"]).toMatchObject({ color: "red" });
});

test("an apply that changes nothing makes no revision", async () => {
  await using server = await start();
  const first = await apply(server, "one", { spec: { color: "red" } });
  const again = await apply(server, "one", { spec: { color: "red" } });
  expect(again.json.metadata?.["resourceVersion"]).toBe(first.json.metadata?.["resourceVersion"]);
});

test("a uid and a resourceVersion that are applied must be the object's", async () => {
  await using server = await start();
  const spec = { spec: { color: "red" } };
  const missing = await apply(server, "one", spec, { metadata: { uid: "u" } });
  const why =
    'Operation cannot be fulfilled on widgets.example.com "a": uid mismatch: the provided object specified uid u, and no existing object was found';
  expect([missing.status, missing.json["message"]]).toEqual([409, why]);
  const { json } = await apply(server, "one", spec);
  expect((await apply(server, "one", spec, { metadata: { uid: "other" } })).status).toBe(409);
  expect((await apply(server, "one", spec, { metadata: { resourceVersion: "1" } })).status).toBe(409);
  const { uid = "", resourceVersion = "" } = json.metadata ?? {};
  const metadata = { uid: String(uid), resourceVersion: String(resourceVersion) };
  expect((await apply(server, "one", { spec: { color: "green" } }, { metadata })).status).toBe(200);
});

test("of a kind without a schema every list is one value, and null is a value", async () => {
  await using server = await start();
  const made = await apply(server, "one", { data: { list: [{ name: "x" }], none: null, map: { a: 1 } } }, { kind: "Anything" });
  expect(owners(made)).toEqual(['one Apply {"f:data":{".":{},"f:list":{},"f:map":{".":{},"f:a":{}},"f:none":{}}}']);
  const conflict = await apply(server, "two", { data: { list: [{ name: "x" }, { name: "y" }] } }, { kind: "Anything" });
  expect(conflict.json["message"]).toBe('Apply failed with 1 conflict: conflict with "one": .data.list');
  const gone = await apply(server, "one", { data: { map: {} } }, { kind: "Anything" });
  // What loses all it has becomes null, in Kubernetes too.
  expect(gone.json["data"]).toEqual({ map: null });
});

test("an apply to the scale owns the number alone, and conflicts with who set it in the object", async () => {
  await using server = await start();
  await apply(server, "one", { spec: { replicas: 1, other: "x" } }, { kind: "Set" });
  const scale = (manager: string, wanted: number, query = ""): Promise<Answer> =>
    server.call(`${base}/sets/a/scale?fieldManager=${manager}${query}`, {
      method: "PATCH",
      headers: { "content-type": "application/apply-patch+yaml" },
      body: { apiVersion: "autoscaling/v1", kind: "Scale", metadata: { name: "a" }, spec: { replicas: wanted } },
    });
  const refused = await scale("two", 5);
  expect([refused.status, refused.json["message"]]).toEqual([409, 'Apply failed with 1 conflict: conflict with "one": .spec.replicas']);
  expect((await scale("two", 5, "&force=true")).json).toMatchObject({ kind: "Scale", spec: { replicas: 5 } });
  const object = await server.call(`${base}/sets/a`);
  expect(object.json["spec"]).toEqual({ replicas: 5, other: "x" });
  expect(owners(object)).toEqual(['one Apply {"f:spec":{"f:other":{}}}', 'two Apply scale {"f:spec":{"f:replicas":{}}}']);
});

test("managedFields are reset by an update that sends an empty entry, and an apply may not name them", async () => {
  await using server = await start();
  const { json } = await apply(server, "one", { spec: { color: "red" } });
  const merge = { method: "PATCH", headers: { "content-type": "application/merge-patch+json" } };
  const reset = await server.call(`${base}/widgets/a`, { ...merge, body: { metadata: { managedFields: [{}] } } });
  expect(owners(reset)).toEqual([]);
  expect(json.metadata?.["managedFields"]).toHaveLength(1);
  const applied = await apply(server, "two", { spec: { color: "green" } });
  expect(applied.json["message"]).toBe('Apply failed with 1 conflict: conflict with "before-first-apply" using example.com/v1: .spec.color');
  const named = await apply(server, "one", { spec: { color: "red" } }, { metadata: { managedFields: [{ manager: "x" }] } });
  expect([named.status, named.json["message"]]).toEqual([400, "metadata.managedFields must be nil"]);
});

test.each<[string, string, JsonObject, string]>([
  ["application/apply-patch+yaml", "", {}, 'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch'],
  [
    "application/merge-patch+json",
    "force=true",
    {},
    'PatchOptions.meta.k8s.io "" is invalid: force: Forbidden: may not be specified for non-apply patch',
  ],
  [
    "application/merge-patch+json",
    `fieldManager=${"x".repeat(129)}&dryRun=Some&fieldValidation=No`,
    {},
    'PatchOptions.meta.k8s.io "" is invalid: [fieldManager: Too long: may not be more than 128 bytes, dryRun: Unsupported value: ["Some"]: supported values: "All", fieldValidation: Unsupported value: "No": supported values: "", "Ignore", "Strict", "Warn"]',
  ],
])("options that are wrong are refused: %s %s", async (type, query, body, message) => {
  await using server = await start();
  const { status, json } = await server.call(`${base}/widgets/a?${query}`, { method: "PATCH", headers: { "content-type": type }, body });
  expect([status, json["message"]]).toEqual([422, message]);
});

test("a custom resource is replaced only by who names the version that was seen, and a refusal warns too", async () => {
  await using server = await startApiServer((registry) => registry.add({ ...sets, versioned: { storageVersion: "v1" } }));
  await apply(server, "one", { spec: { replicas: 1 } }, { kind: "Set" });
  const put = (metadata: JsonObject): Promise<Answer> =>
    server.call(`${base}/sets/a`, { method: "PUT", body: { metadata: { name: "a", ...metadata }, spec: { replicas: 2, odd: 1 } } });
  const unseen = await put({});
  const message = 'sets.example.com "a" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update';
  expect([unseen.status, unseen.json["message"]]).toEqual([422, message]);
  const stale = await put({ resourceVersion: "1" });
  expect(stale.status).toBe(409);
  const { json } = await server.call(`${base}/sets/a`);
  const seen = await put({ resourceVersion: String(json.metadata?.["resourceVersion"]) });
  expect([seen.status, seen.headers["warning"]]).toEqual([200, ['299 - "unknown field \\"spec.odd\\""']]);
  const refused = await server.call(`${base}/sets`, { method: "POST", body: { metadata: { name: "B" }, spec: { odd: 1 } } });
  expect([refused.status, refused.headers["warning"]]).toEqual([422, ['299 - "unknown field \\"spec.odd\\""']]);
});

test("of those who apply an object that is not there at the same moment one makes it, and the others change it", async () => {
  await using server = await start();
  const parts = ["a", "b", "c", "d", "e", "f"];
  const answers = await Promise.all(parts.map((name) => apply(server, name, { spec: { color: "red", parts: [{ name }] } })));
  expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 200, 200, 200, 200, 201]);
  const { json } = await server.call(`${base}/widgets/a`);
  expect((json["spec"] as { readonly parts: readonly object[] }).parts).toHaveLength(6);
});
