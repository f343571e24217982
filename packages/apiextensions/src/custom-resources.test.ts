import { isJsonObject, type JsonObject } from "@dataplane/meta";
import { expect, test } from "vitest";
import { aDefinition, aVersion, aWidget, definitionsPath, schemaOf, widgetsPath } from "./testing/a-definition.js";
import { startServer } from "./testing/start-server.js";
import { until } from "./testing/until.js";

const definitionPath = `${definitionsPath}/widgets.example.com`;

const at = (value: unknown, ...path: readonly string[]): unknown =>
  path.reduce<unknown>((found, key) => (isJsonObject(found) ? found[key] : undefined), value);

test("a definition is obeyed by the next request: its objects are made, read, changed, listed and deleted", async () => {
  await using api = await startServer();
  const made = await api.call(`POST ${definitionsPath}`, { body: aDefinition() });
  expect(made.status).toBe(201);
  expect(made.json).toMatchObject({
    spec: { names: { singular: "widget", listKind: "WidgetList" }, conversion: { strategy: "None" } },
    status: { storedVersions: ["v1"], acceptedNames: { plural: "", kind: "" } },
  });

  const created = await api.call(`POST ${widgetsPath}`, { body: aWidget("a", { color: "red", unknown: 1 }) });
  expect(created.status).toBe(201);
  expect(created.json["spec"]).toEqual({ color: "red", size: 1 });
  const listed = await api.call(`GET ${widgetsPath}`);
  expect(listed.json).toMatchObject({ kind: "WidgetList", items: [{ metadata: { name: "a" } }] });
  const patched = await api.call(`PATCH ${widgetsPath}/a`, { body: { spec: { color: "blue" } } });
  expect(patched.json).toMatchObject({ spec: { color: "blue" }, metadata: { generation: 2 } });
  expect((await api.call(`DELETE ${widgetsPath}/a`)).status).toBe(200);
  expect((await api.call(`GET ${widgetsPath}/a`)).status).toBe(404);
});

test("a table of definitions shows when they were made", async () => {
  await using api = await startServer();
  await api.call(`POST ${definitionsPath}`, { body: aDefinition() });
  const { json } = await api.call(`GET ${definitionsPath}`, { headers: { accept: "application/json;as=Table;g=meta.k8s.io;v=v1" } });
  expect(json["columnDefinitions"]).toMatchObject([{ name: "Name" }, { name: "Created At" }]);
  expect(json["rows"]).toMatchObject([{ cells: ["widgets.example.com", expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/)] }]);
});

test("discovery and OpenAPI show the kind while it is defined, with its names and subresources", async () => {
  await using api = await startServer();
  const scale = { specReplicasPath: ".spec.size", statusReplicasPath: ".status.replicas" };
  const body = aDefinition({
    names: { plural: "widgets", kind: "Widget", categories: ["all"], shortNames: ["wd"] },
    versions: [aVersion("v1", { subresources: { status: {}, scale } })],
  });
  await api.call(`POST ${definitionsPath}`, { body });
  const { json } = await api.call("GET /apis/example.com/v1");
  expect(json["resources"]).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ name: "widgets", singularName: "widget", kind: "Widget", shortNames: ["wd"], categories: ["all"], namespaced: true }),
      expect.objectContaining({ name: "widgets/status", kind: "Widget" }),
      expect.objectContaining({ name: "widgets/scale", kind: "Scale", group: "autoscaling", version: "v1" }),
    ]),
  );
  const document = await api.call("GET /openapi/v3/apis/example.com/v1");
  expect(at(document.json, "components", "schemas", "com.example.v1.Widget", "properties", "spec", "properties")).toMatchObject({
    color: { type: "string" },
  });
  await api.call(`DELETE ${definitionPath}`);
  await until(async () => (await api.call("GET /apis/example.com/v1")).status === 404);
});

test("its own schema is published with JSONSchemaProps as a component that refers to itself", async () => {
  await using api = await startServer();
  const { json } = await api.call("GET /openapi/v3/apis/apiextensions.k8s.io/v1");
  const props = at(json, "components", "schemas", "io.k8s.apiextensions.v1.JSONSchemaProps", "properties");
  expect(at(props, "not")).toEqual({ $ref: "#/components/schemas/io.k8s.apiextensions.v1.JSONSchemaProps" });
  expect(at(props, "properties", "additionalProperties")).toEqual({ $ref: "#/components/schemas/io.k8s.apiextensions.v1.JSONSchemaProps" });
  expect((await api.call("GET /openapi/v2")).status).toBe(200);
});

test("unknown fields of a definition, schemas of any depth included, are told", async () => {
  await using api = await startServer();
  const versions = [aVersion("v1", { schema: schemaOf({ list: { type: "array", items: { type: "object", propertys: {} } } }) })];
  const { status, json } = await api.call(`POST ${definitionsPath}?fieldValidation=Strict`, { body: aDefinition({ versions }) });
  expect(status).toBe(400);
  expect(json["message"]).toContain('unknown field "spec.versions[0].schema.openAPIV3Schema.properties.spec.properties.list.items.propertys"');
});

test("status is a subresource when the version says so, and part of the object when not", async () => {
  await using api = await startServer();
  await api.call(`POST ${definitionsPath}`, { body: aDefinition({ versions: [aVersion("v1", { subresources: { status: {} } })] }) });
  await api.call(`POST ${widgetsPath}`, { body: { ...aWidget("a"), status: { phase: "no" } } });
  expect((await api.call(`GET ${widgetsPath}/a`)).json["status"]).toBeUndefined();
  await api.call(`PATCH ${widgetsPath}/a/status`, { body: { spec: { color: "no" }, status: { phase: "yes" } } });
  expect((await api.call(`GET ${widgetsPath}/a`)).json).toMatchObject({ spec: { color: "red" }, status: { phase: "yes" } });

  await api.call(`PATCH ${definitionPath}`, { body: { spec: { versions: [aVersion()] } } });
  expect((await api.call(`PATCH ${widgetsPath}/a/status`, { body: { status: {} } })).status).toBe(404);
  expect((await api.call(`PATCH ${widgetsPath}/a`, { body: { status: { phase: "now" } } })).json["status"]).toEqual({ phase: "now" });
});

test("printer columns are read by their paths, and there is no age unless one is asked for", async () => {
  await using api = await startServer();
  const additionalPrinterColumns = [
    { name: "Color", type: "string", jsonPath: ".spec.color", description: "What it looks like." },
    { name: "Size", type: "integer", jsonPath: ".spec.size", priority: 1 },
    { name: "Phase", type: "string", jsonPath: ".status.phase" },
    { name: "Made", type: "date", jsonPath: ".metadata.creationTimestamp" },
  ];
  await api.call(`POST ${definitionsPath}`, { body: aDefinition({ versions: [aVersion("v1", { additionalPrinterColumns })] }) });
  await api.call(`POST ${widgetsPath}`, { body: aWidget("a") });
  const { json } = await api.call(`GET ${widgetsPath}`, { headers: { accept: "application/json;as=Table;g=meta.k8s.io;v=v1" } });
  expect(json["columnDefinitions"]).toMatchObject([
    { name: "Name" },
    { name: "Color", type: "string", description: "What it looks like." },
    { name: "Size", type: "integer", priority: 1, description: "Custom resource definition column (in JSONPath format): .spec.size" },
    { name: "Phase" },
    { name: "Made", type: "date" },
  ]);
  expect(json["rows"]).toMatchObject([{ cells: ["a", "red", 1, null, expect.stringMatching(/^\d+s$/)] }]);
});

test("without columns of its own a kind shows its age", async () => {
  await using api = await startServer();
  await api.call(`POST ${definitionsPath}`, { body: aDefinition() });
  const { json } = await api.call(`GET ${widgetsPath}`, { headers: { accept: "application/json;as=Table;g=meta.k8s.io;v=v1" } });
  expect(json["columnDefinitions"]).toMatchObject([{ name: "Name" }, { name: "Age", type: "date" }]);
});

test("selectable fields select", async () => {
  await using api = await startServer();
  await api.call(`POST ${definitionsPath}`, {
    body: aDefinition({ versions: [aVersion("v1", { selectableFields: [{ jsonPath: ".spec.color" }] })] }),
  });
  await api.call(`POST ${widgetsPath}`, { body: aWidget("a") });
  await api.call(`POST ${widgetsPath}`, { body: aWidget("b", { color: "blue" }) });
  const { json } = await api.call(`GET ${widgetsPath}?fieldSelector=spec.color%3Dblue`);
  expect(json["items"]).toMatchObject([{ metadata: { name: "b" } }]);
});

test("metadata is the server's own, and a schema of it restricts names alone", async () => {
  await using api = await startServer();
  const schema = schemaOf({});
  const root = schema["openAPIV3Schema"] as JsonObject;
  const metadata = { type: "object", properties: { name: { type: "string", pattern: "^w-" } } };
  const named = { openAPIV3Schema: { ...root, properties: { ...(root["properties"] as JsonObject), metadata } } };
  await api.call(`POST ${definitionsPath}`, { body: aDefinition({ versions: [aVersion("v1", { schema: named })] }) });
  const good = await api.call(`POST ${widgetsPath}`, { body: { ...aWidget("w-a", {}), metadata: { name: "w-a", labels: { a: "b" } } } });
  expect(good.json).toMatchObject({ metadata: { name: "w-a", labels: { a: "b" }, uid: expect.any(String) } });
  const bad = await api.call(`POST ${widgetsPath}`, { body: aWidget("a", {}) });
  expect(bad).toMatchObject({ status: 422, json: { details: { causes: [{ field: "metadata.name" }] } } });
});

test("a change of one version leaves the watches of another", async () => {
  await using api = await startServer();
  const other = aVersion("v2", { storage: false });
  await api.call(`POST ${definitionsPath}`, { body: aDefinition({ versions: [aVersion(), other] }) });
  const before = api.registry.get("example.com", "v1", "widgets");
  const watched = api.watch(`${widgetsPath}?watch=true`);
  const first = watched.next();
  await api.call(`PATCH ${definitionPath}`, {
    body: { spec: { versions: [aVersion(), { ...other, schema: schemaOf({ color: { type: "string" }, weight: { type: "integer" } }) }] } },
  });
  expect(api.registry.get("example.com", "v1", "widgets")).toBe(before);
  await api.call(`POST ${widgetsPath}`, { body: aWidget("a") });
  expect((await first).value).toMatchObject({ type: "ADDED", object: { metadata: { name: "a" } } });
});

test("a version that is no longer served is gone at once, and a new storage version is remembered with the old one", async () => {
  await using api = await startServer();
  await api.call(`POST ${definitionsPath}`, { body: aDefinition({ versions: [aVersion(), aVersion("v2", { storage: false })] }) });
  expect((await api.call("GET /apis/example.com/v2/widgets")).status).toBe(200);
  await api.call(`PATCH ${definitionPath}`, { body: { spec: { versions: [aVersion("v1", { storage: false, served: false }), aVersion("v2")] } } });
  expect((await api.call("GET /apis/example.com/v1/widgets")).status).toBe(404);
  expect((await api.call(`GET ${definitionPath}`)).json).toMatchObject({ status: { storedVersions: ["v1", "v2"] } });
});

test("clients of a deprecated version are warned, by the text of the definition or by the usual one", async () => {
  await using api = await startServer();
  const versions = [
    aVersion("v1beta1", { storage: false, deprecated: true }),
    aVersion("v1beta2", { storage: false, deprecated: true, deprecationWarning: "leave it" }),
    aVersion(),
  ];
  await api.call(`POST ${definitionsPath}`, { body: aDefinition({ versions }) });
  const warningOf = async (version: string): Promise<unknown> => (await api.call(`GET /apis/example.com/${version}/widgets`)).headers["warning"];
  expect(String(await warningOf("v1beta1"))).toContain("example.com/v1beta1 Widget is deprecated; use example.com/v1 Widget");
  expect(String(await warningOf("v1beta2"))).toContain("leave it");
  expect(await warningOf("v1")).toBeUndefined();
});

test("scale reads and writes where the definition says", async () => {
  await using api = await startServer();
  const scale = { specReplicasPath: ".spec.size", statusReplicasPath: ".status.replicas" };
  await api.call(`POST ${definitionsPath}`, { body: aDefinition({ versions: [aVersion("v1", { subresources: { status: {}, scale } })] }) });
  await api.call(`POST ${widgetsPath}`, { body: aWidget("a") });
  expect((await api.call(`GET ${widgetsPath}/a/scale`)).json).toMatchObject({ kind: "Scale", apiVersion: "autoscaling/v1", spec: { replicas: 1 } });
  await api.call(`PATCH ${widgetsPath}/a/scale`, { body: { spec: { replicas: 3 } } });
  expect((await api.call(`GET ${widgetsPath}/a`)).json).toMatchObject({ spec: { size: 3 } });
});
