import { expect, test } from "vitest";
import type { ResourceDefinition } from "../resource.js";
import { startApiServer, type TestServer } from "../testing/start-api-server.js";

const fleet: ResourceDefinition = {
  group: "example.com",
  version: "v1",
  kind: "Fleet",
  plural: "fleets",
  scope: "namespaced",
  hasStatus: true,
  schema: {
    type: "object",
    properties: {
      spec: { type: "object", properties: { size: { type: "object", properties: { wanted: { type: "integer" } } }, name: { type: "string" } } },
      status: { type: "object", properties: { actual: { type: "integer" }, selector: { type: "string" } } },
    },
  },
  scale: { specReplicasPath: ".spec.size.wanted", statusReplicasPath: ".status.actual", labelSelectorPath: ".status.selector" },
};

const base = "/apis/example.com/v1/namespaces/default/fleets";

async function start(spec: object = { size: { wanted: 3 } }): Promise<TestServer> {
  const api = await startApiServer((registry) => registry.add(fleet));
  await api.call(base, { method: "POST", body: { metadata: { name: "f" }, spec } });
  await api.call(`${base}/f/status`, { method: "PUT", body: { metadata: { name: "f" }, status: { actual: 2, selector: "app=f" } } });
  return api;
}

const merge = (api: TestServer, body: object, query = "") =>
  api.call(`${base}/f/scale${query}`, { method: "PATCH", headers: { "content-type": "application/merge-patch+json" }, body });
const put = (api: TestServer, body: object) => api.call(`${base}/f/scale`, { method: "PUT", body });

test("a scale shows the numbers and the selector of the object", async () => {
  await using api = await start();
  const { json } = await api.call(`${base}/f/scale`);
  const { json: object } = await api.call(`${base}/f`);
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata ?? {};
  expect(json).toEqual({
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: 3 },
    status: { replicas: 2, selector: "app=f" },
  });
});

test("a write of the scale changes one number, the generation, and who owns it", async () => {
  await using api = await start();
  const { json: scale } = await api.call(`${base}/f/scale`);
  const written = await api.call(`${base}/f/scale?fieldManager=scaler`, { method: "PUT", body: { ...scale, spec: { replicas: 5 } } });
  expect(written).toMatchObject({ status: 200, json: { kind: "Scale", spec: { replicas: 5 } } });
  const { json } = await api.call(`${base}/f`);
  expect(json).toMatchObject({ spec: { size: { wanted: 5 } }, status: { actual: 2 }, metadata: { generation: 2 } });
  expect(json.metadata?.["managedFields"]).toContainEqual(
    expect.objectContaining({
      manager: "scaler",
      operation: "Update",
      apiVersion: "example.com/v1",
      subresource: "scale",
      fieldsV1: { "f:spec": { "f:size": { "f:wanted": {} } } },
    }),
  );
  expect((await merge(api, { spec: { replicas: 7 } })).json["spec"]).toEqual({ replicas: 7 });
  expect(await put(api, { ...scale, spec: { replicas: 9 } })).toMatchObject({ status: 409, json: { reason: "Conflict" } });
});

test("a scale is refused when it is negative, of another kind, another name or another uid", async () => {
  await using api = await start();
  const negative = await merge(api, { spec: { replicas: -1 } });
  expect(negative).toMatchObject({ status: 422, json: { details: { group: "autoscaling", kind: "Scale", causes: [{ field: "spec.replicas" }] } } });
  expect((await merge(api, { spec: { replicas: "many" } })).status).toBe(422);
  expect((await put(api, { kind: "Fleet", metadata: { name: "f" }, spec: { replicas: 1 } })).status).toBe(400);
  expect((await put(api, { metadata: { name: "g" }, spec: { replicas: 1 } })).status).toBe(400);
  expect((await put(api, { metadata: { name: "f", uid: "other" }, spec: { replicas: 1 } })).status).toBe(409);
  expect((await api.call(`${base}/f/scale`, { method: "DELETE" })).status).toBe(405);
  expect((await api.call(`${base}/g/scale`)).status).toBe(404);
});

test("an object without a number has no scale until it is given one", async () => {
  await using api = await start({});
  expect((await api.call(`${base}/f/scale`)).json["message"]).toContain('the spec replicas field ".spec.size.wanted" does not exist');
  expect((await merge(api, { metadata: { labels: {} } })).status).toBe(400);
  expect((await merge(api, { spec: { replicas: 1 } })).json["spec"]).toEqual({ replicas: 1 });
});

test("discovery and OpenAPI tell of the scale", async () => {
  await using api = await start();
  expect((await api.call("/apis/example.com/v1")).json["resources"]).toContainEqual(
    expect.objectContaining({ name: "fleets/scale", group: "autoscaling", version: "v1", kind: "Scale", verbs: ["get", "patch", "update"] }),
  );
  const { json } = await api.call("/openapi/v3/apis/example.com/v1");
  const paths = json["paths"] as Record<string, Record<string, unknown>>;
  expect(Object.keys(paths["/apis/example.com/v1/namespaces/{namespace}/fleets/{name}/scale"] ?? {})).toEqual(["get", "put", "patch", "parameters"]);
  expect(JSON.stringify(json)).toContain("autoscaling.v1.Scale");
});

test("an object with a number that no scale can have is refused, in its status too", async () => {
  await using api = await start();
  const causes = async (path: string, body: object): Promise<unknown> => {
    const { status, json } = await api.call(`${base}/${path}`, { method: "PUT", body: { metadata: { name: "f" }, ...body } });
    return status === 422 ? (json["details"] as { readonly causes: unknown }).causes : status;
  };
  const cause = (field: string, value: number, why: string) => ({ reason: "FieldValueInvalid", message: `Invalid value: ${value}: ${why}`, field });
  expect(await causes("f", { spec: { size: { wanted: -1 } } })).toEqual([cause(".spec.size.wanted", -1, "should be a non-negative integer")]);
  expect(await causes("f", { spec: { size: { wanted: 2 ** 31 } } })).toEqual([
    cause(".spec.size.wanted", 2 ** 31, "should be less than or equal to 2147483647"),
  ]);
  const wrongType = ".spec.size.wanted accessor error: x is of the type string, expected int64";
  expect(await causes("f", { spec: { size: { wanted: "x" } } })).toContainEqual(cause(".spec.size.wanted", 0, wrongType));
  expect(await causes("f/status", { status: { actual: -1 } })).toEqual([cause(".status.actual", -1, "should be a non-negative integer")]);
});
