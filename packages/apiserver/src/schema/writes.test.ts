import { expect, test } from "vitest";
import type { ResourceDefinition } from "../resource.js";
import { type Answer, startApiServer, type TestServer } from "../testing/start-api-server.js";
import type { StructuralSchema } from "./structural-schema.js";

const limits: StructuralSchema = {
  type: "object",
  required: ["min"],
  properties: {
    min: { type: "integer" },
    max: { type: "integer", default: 10 },
    name: { type: "string", maxLength: 8, "x-kubernetes-validations": [{ rule: "self == oldSelf", message: "is immutable" }] },
    ports: {
      type: "array",
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["name"],
      items: {
        type: "object",
        required: ["name"],
        properties: { name: { type: "string" }, port: { type: "integer", "x-kubernetes-validations": [{ rule: "self > 0 && self < 65536" }] } },
      },
    },
  },
  "x-kubernetes-validations": [
    { rule: "self.min <= self.max", messageExpression: "'min ' + string(self.min) + ' is above max ' + string(self.max)", fieldPath: ".min" },
  ],
};

const gauges: ResourceDefinition = {
  ...{ group: "example.org", version: "v1", kind: "Gauge", plural: "gauges", scope: "namespaced", hasStatus: true },
  schema: {
    type: "object",
    properties: {
      spec: limits,
      status: { type: "object", properties: { value: { type: "integer", maximum: 100 }, note: { type: "string" } } },
    },
    "x-kubernetes-validations": [{ rule: "self.metadata.name.startsWith('g')", message: "names begin with g" }],
  },
};
const stricter: ResourceDefinition = {
  ...gauges,
  schema: {
    ...gauges.schema,
    properties: {
      spec: { ...limits, properties: { ...limits.properties, min: { type: "integer", minimum: 5 } } },
      status: { type: "object", properties: { value: { type: "integer", maximum: 1 }, note: { type: "string" } } },
    },
  },
};

const collection = "/apis/example.org/v1/namespaces/default/gauges";
const start = (): Promise<TestServer> => startApiServer((registry) => registry.add(gauges));
const create = (server: TestServer, name: string, spec: object): Promise<Answer> =>
  server.call(collection, { method: "POST", body: { apiVersion: "example.org/v1", kind: "Gauge", metadata: { name }, spec } });
const patch = (server: TestServer, name: string, body: object): Promise<Answer> =>
  server.call(`${collection}/${name}`, { method: "PATCH", body, headers: { "content-type": "application/merge-patch+json" } });
const causesOf = ({ json }: Answer): unknown => (json["details"] as { readonly causes?: unknown } | undefined)?.causes;

test("a create that breaks rules is 422, with all of them in Kubernetes' words", async () => {
  await using server = await start();
  const answer = await create(server, "x", { min: 20, ports: [{ name: "a", port: 0 }] });
  expect(answer.status).toBe(422);
  expect(causesOf(answer)).toEqual([
    { reason: "FieldValueInvalid", message: "Invalid value: names begin with g", field: "<nil>" },
    { reason: "FieldValueInvalid", message: "Invalid value: min 20 is above max 10", field: "spec.min" },
    { reason: "FieldValueInvalid", message: "Invalid value: 0: failed rule: self > 0 && self < 65536", field: "spec.ports[0].port" },
  ]);
});

test("rules are not asked of an object that is not what its schema says, and that is told", async () => {
  await using server = await start();
  const answer = await create(server, "g", { max: "1", name: "much too long" });
  expect(causesOf(answer)).toEqual([
    { reason: "FieldValueRequired", message: "Required value", field: "spec.min" },
    { reason: "FieldValueTypeInvalid", message: 'Invalid value: "string": spec.max in body must be of type integer: "string"', field: "spec.max" },
    { reason: "FieldValueTooLong", message: "Too long: may not be more than 8 bytes", field: "spec.name" },
    {
      reason: "FieldValueInvalid",
      message:
        "Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation",
      field: "<nil>",
    },
  ]);
});

test("a transition rule is asked when there is an old value, on updates and patches alike", async () => {
  await using server = await start();
  expect((await create(server, "g", { min: 1, name: "a" })).status).toBe(201);
  const refused = await patch(server, "g", { spec: { name: "b" } });
  expect(refused.status).toBe(422);
  expect(causesOf(refused)).toEqual([{ reason: "FieldValueInvalid", message: 'Invalid value: "b": is immutable', field: "spec.name" }]);
  expect((await patch(server, "g", { spec: { min: 2 } })).status).toBe(200);
  expect((await patch(server, "g", { spec: { name: null } })).status).toBe(200);
  expect((await patch(server, "g", { spec: { name: "b" } })).status).toBe(200);
});

test("what a stricter schema would refuse stays until it is changed, in status too", async () => {
  await using server = await start();
  await create(server, "g", { min: 1, name: "a" });
  const status = `${collection}/g/status`;
  const merge = { "content-type": "application/merge-patch+json" };
  expect((await server.call(status, { method: "PATCH", headers: merge, body: { status: { value: 50 } } })).status).toBe(200);
  await using later = await startApiServer((registry) => registry.add(stricter), server.store);
  expect((await patch(later, "g", { spec: { max: 20 } })).status).toBe(200);
  expect((await patch(later, "g", { metadata: { labels: { a: "b" } } })).status).toBe(200);
  const refused = await patch(later, "g", { spec: { min: 2 } });
  expect(causesOf(refused)).toEqual([
    { reason: "FieldValueInvalid", message: "Invalid value: 2: spec.min in body should be greater than or equal to 5", field: "spec.min" },
  ]);
  expect((await later.call(status, { method: "PATCH", headers: merge, body: { status: { note: "x" } } })).status).toBe(200);
  expect((await later.call(status, { method: "PATCH", headers: merge, body: { status: { value: 49 } } })).status).toBe(422);
});
