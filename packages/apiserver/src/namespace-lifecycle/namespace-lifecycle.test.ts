import { expect, test } from "vitest";
import { startApiServer, type TestServer } from "../testing/start-api-server.js";

const namespaces = "/api/v1/namespaces";
const merge = { "content-type": "application/merge-patch+json" };

const make = (api: TestServer, path: string, metadata: object): Promise<{ readonly status: number }> =>
  api.call(path, { method: "POST", body: { metadata } });

const gone = (api: TestServer, path: string): Promise<void> => expect.poll(async () => (await api.call(path)).status, { interval: 10 }).toBe(404);

test("a namespace goes with all that is in it", async () => {
  await using api = await startApiServer();
  await make(api, namespaces, { name: "team" });
  for (let index = 0; index < 20; index++) await make(api, `${namespaces}/team/configmaps`, { name: `c-${String(index)}` });
  await make(api, `${namespaces}/team/secrets`, { name: "s" });
  const { status, json } = await api.call(`${namespaces}/team`, { method: "DELETE" });
  expect(status).toBe(200);
  expect(json).toMatchObject({ status: { phase: "Terminating" }, spec: { finalizers: ["kubernetes"] } });
  await gone(api, `${namespaces}/team`);
  expect((await api.call("/api/v1/configmaps")).json.items).toEqual([]);
});

test("what a finalizer holds is told in the conditions, and waited for", async () => {
  await using api = await startApiServer();
  await make(api, namespaces, { name: "team" });
  await make(api, `${namespaces}/team/configmaps`, { name: "held", finalizers: ["example.com/held"] });
  await api.call(`${namespaces}/team`, { method: "DELETE" });
  const condition = async (type: string): Promise<unknown> => {
    const { status } = (await api.call(`${namespaces}/team`)).json as {
      readonly status?: { readonly conditions?: readonly { readonly type: string }[] };
    };
    return status?.conditions?.find((it) => it.type === type);
  };
  await expect
    .poll(() => condition("NamespaceContentRemaining"), { interval: 10 })
    .toMatchObject({
      status: "True",
      reason: "SomeResourcesRemain",
      message: "Some resources are remaining: configmaps. has 1 resource instances",
    });
  expect(await condition("NamespaceFinalizersRemaining")).toMatchObject({
    status: "True",
    message: expect.stringContaining("example.com/held in 1"),
  });
  expect((await make(api, `${namespaces}/team/configmaps`, { name: "late" })).status).toBe(403);
  await api.call(`${namespaces}/team/configmaps/held`, { method: "PATCH", headers: merge, body: { metadata: { finalizers: null } } });
  await gone(api, `${namespaces}/team`);
});

test("a finalizer of the namespace's own is set and taken away by its subresource", async () => {
  await using api = await startApiServer();
  await make(api, namespaces, { name: "team" });
  const { json } = await api.call(`${namespaces}/team`);
  const spec = { finalizers: ["kubernetes", "example.com/mine"] };
  expect((await api.call(`${namespaces}/team/finalize`, { method: "PUT", body: { ...json, spec } })).json).toMatchObject({ spec });
  // The namespace itself does not take them.
  await api.call(`${namespaces}/team`, { method: "PATCH", headers: merge, body: { spec: { finalizers: [] } } });
  await api.call(`${namespaces}/team`, { method: "DELETE" });
  await expect.poll(async () => (await api.call(`${namespaces}/team`)).json["spec"], { interval: 10 }).toEqual({ finalizers: ["example.com/mine"] });
  const last = (await api.call(`${namespaces}/team`)).json;
  await api.call(`${namespaces}/team/finalize`, { method: "PUT", body: { ...last, spec: {} } });
  await gone(api, `${namespaces}/team`);
});

test("a group that does not answer is named, and holds nothing", async () => {
  const stale = { group: "dead.example.com", version: "v1", resources: [], openapi: { paths: {}, schemas: {} }, freshness: "Stale" as const };
  await using api = await startApiServer(undefined, undefined, [{ served: () => [stale], generation: 1 }]);
  await make(api, namespaces, { name: "team" });
  await make(api, `${namespaces}/team/configmaps`, { name: "held", finalizers: ["example.com/held"] });
  await api.call(`${namespaces}/team`, { method: "DELETE" });
  await expect
    .poll(async () => JSON.stringify((await api.call(`${namespaces}/team`)).json["status"]), { interval: 10 })
    .toContain("dead.example.com/v1");
  await api.call(`${namespaces}/team/configmaps/held`, { method: "PATCH", headers: merge, body: { metadata: { finalizers: null } } });
  await gone(api, `${namespaces}/team`);
});
