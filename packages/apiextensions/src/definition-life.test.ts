import type { ApiObject } from "@dataplane/meta";
import { createMemoryStore } from "@dataplane/storage";
import { expect, test } from "vitest";
import { definitionFrom, definitionsRef } from "./definition/custom-resource-definition.js";
import { aDefinition, aVersion, aWidget, definitionsPath, widgetsPath } from "./testing/a-definition.js";
import { startServer, type TestServer } from "./testing/start-server.js";
import { until } from "./testing/until.js";

const definitionPath = `${definitionsPath}/widgets.example.com`;

/** `<status> <reason>` by type. */
async function conditionsOf(api: TestServer, name = "widgets.example.com"): Promise<Record<string, string>> {
  const { status } = definitionFrom(await api.client.get<ApiObject>(definitionsRef, { name }));
  return Object.fromEntries(status.conditions.map(({ type, status: is, reason }) => [type, `${is} ${reason}`]));
}

test("its status tells the accepted names, and that it is established, in Kubernetes' words", async () => {
  await using api = await startServer();
  await api.call(`POST ${definitionsPath}`, { body: aDefinition() });
  const { json } = await api.call(`GET ${definitionPath}`);
  expect(json["status"]).toMatchObject({
    acceptedNames: { plural: "widgets", singular: "widget", kind: "Widget", listKind: "WidgetList", shortNames: ["wd"] },
    conditions: [
      { type: "NamesAccepted", status: "True", reason: "NoConflicts", message: "no conflicts found" },
      { type: "Established", status: "True", reason: "InitialNamesAccepted", message: "the initial names have been accepted" },
    ],
    storedVersions: ["v1"],
    observedGeneration: 1,
  });
});

test("who makes a definition owns its spec, and the server its status", async () => {
  await using api = await startServer();
  await api.call(`POST ${definitionsPath}?fieldManager=me`, { body: aDefinition() });
  const { metadata } = await api.client.get<ApiObject>(definitionsRef, { name: "widgets.example.com" });
  const [mine, ...others] = metadata.managedFields ?? [];
  expect(mine).toMatchObject({ manager: "me", operation: "Update" });
  expect(Object.keys(mine?.fieldsV1 ?? {})).toEqual(["f:spec"]);
  expect(others).toMatchObject([{ subresource: "status", fieldsV1: { "f:status": expect.anything() } }]);
});

test("names that are taken are told, and accepted when they are free again", async () => {
  await using api = await startServer();
  await api.call(`POST ${definitionsPath}`, { body: aDefinition() });
  const rival = aDefinition({ names: { plural: "gadgets", kind: "Widget", shortNames: ["wd"] } }, "gadgets.example.com");
  await api.call(`POST ${definitionsPath}`, { body: rival });
  expect(await conditionsOf(api, "gadgets.example.com")).toMatchObject({ NamesAccepted: "False ListKindConflict", Established: "False NotAccepted" });
  expect((await api.call("GET /apis/example.com/v1/gadgets")).status).toBe(404);
  await api.call(`DELETE ${definitionPath}`);
  await until(async () => (await conditionsOf(api, "gadgets.example.com"))["Established"] === "True InitialNamesAccepted");
  expect((await api.call("GET /apis/example.com/v1/gadgets")).status).toBe(200);
});

test("names that somebody had who is no definition are accepted when he gives them up", async () => {
  await using api = await startServer();
  api.registry.set("somebody", [
    { group: "example.com", version: "v1", kind: "Widget", plural: "widgets", scope: "cluster", schema: { type: "object" } },
  ]);
  await api.call(`POST ${definitionsPath}`, { body: aDefinition() });
  expect(await conditionsOf(api)).toMatchObject({ NamesAccepted: "False ListKindConflict" });
  api.registry.set("somebody", []);
  await until(async () => (await conditionsOf(api))["Established"] === "True InitialNamesAccepted");
  expect((await api.call(`GET ${widgetsPath}`)).status).toBe(200);
});

test("a definition cannot take the place of what the server serves itself", async () => {
  await using api = await startServer();
  const body = aDefinition({ group: "coordination.k8s.io", names: { plural: "leases", kind: "Lease" } }, "leases.coordination.k8s.io");
  const annotated = {
    ...body,
    metadata: { name: "leases.coordination.k8s.io", annotations: { "api-approved.kubernetes.io": "unapproved, a test" } },
  };
  expect((await api.call(`POST ${definitionsPath}`, { body: annotated })).status).toBe(201);
  expect(await conditionsOf(api, "leases.coordination.k8s.io")).toEqual({
    NamesAccepted: "False ListKindConflict",
    Established: "False NotAccepted",
    KubernetesAPIApprovalPolicyConformant: "False UnapprovedAnnotation",
  });
});

test("a deleted definition goes when its objects are gone, finalizers obeyed, and meanwhile none is made", async () => {
  await using api = await startServer();
  await api.call(`POST ${definitionsPath}`, { body: aDefinition() });
  await api.call(`POST ${widgetsPath}`, { body: aWidget("a") });
  await api.call(`POST ${widgetsPath}`, { body: { ...aWidget("held"), metadata: { name: "held", finalizers: ["example.com/hold"] } } });
  const deleted = await api.call(`DELETE ${definitionPath}`);
  expect(deleted.status).toBe(200);
  await until(async () => (await api.call(`GET ${widgetsPath}/a`)).status === 404);
  expect((await api.call(`GET ${widgetsPath}/held`)).json).toMatchObject({ metadata: { deletionTimestamp: expect.any(String) } });
  expect((await conditionsOf(api))["Terminating"]).toBe("True InstanceDeletionInProgress");
  expect(await api.call(`POST ${widgetsPath}`, { body: aWidget("late") })).toMatchObject({
    status: 403,
    json: {
      reason: "Forbidden",
      message: 'widgets.example.com "late" is forbidden: create not allowed while custom resource definition is terminating',
    },
  });
  await api.call(`PATCH ${widgetsPath}/held`, { body: { metadata: { finalizers: null } } });
  await until(async () => (await api.call(`GET ${definitionPath}`)).status === 404);
  expect((await api.call(`GET ${widgetsPath}`)).status).toBe(404);

  // Its successor begins with nothing.
  await api.call(`POST ${definitionsPath}`, { body: aDefinition() });
  expect((await api.call(`GET ${widgetsPath}`)).json["items"]).toEqual([]);
  expect((await api.call(`POST ${widgetsPath}`, { body: aWidget("late") })).status).toBe(201);
});

test("objects of a definition that serves no version any more go with it", async () => {
  const store = createMemoryStore();
  await using api = await startServer({ store });
  await api.call(`POST ${definitionsPath}`, { body: aDefinition() });
  await api.call(`POST ${widgetsPath}`, { body: aWidget("a") });
  await api.call(`PATCH ${definitionPath}`, { body: { spec: { versions: [aVersion("v1", { served: false })] } } });
  expect((await api.call(`GET ${widgetsPath}`)).status).toBe(404);
  await api.call(`DELETE ${definitionPath}`);
  await until(async () => (await api.call(`GET ${definitionPath}`)).status === 404);
  await api.call(`POST ${definitionsPath}`, { body: aDefinition() });
  expect((await api.call(`GET ${widgetsPath}`)).json["items"]).toEqual([]);
});

test("what is stored is served by the next server", async () => {
  const store = createMemoryStore();
  await using api = await startServer({ store });
  await api.call(`POST ${definitionsPath}`, { body: aDefinition() });
  await api.call(`POST ${widgetsPath}`, { body: aWidget("a") });
  await using next = await startServer({ store });
  expect((await next.call(`GET ${widgetsPath}/a`)).json).toMatchObject({ spec: { color: "red" } });
});
