import { checkRules } from "@dataplane/apiserver";
import type { JsonObject } from "@dataplane/meta";
import { expect, test } from "vitest";
import { aDefinition, aVersion, aWidget, definitionsPath, widgetsPath } from "./testing/a-definition.js";
import { startServer } from "./testing/start-server.js";

const withRule = (rule: JsonObject, properties: JsonObject = { size: { type: "integer" } }): JsonObject => {
  const spec = { type: "object", properties, "x-kubernetes-validations": [rule] };
  const root = { type: "object", properties: { spec } };
  return aDefinition({ versions: [aVersion("v1", { schema: { openAPIV3Schema: root } })] });
};

test("a rule judges what is created and what it becomes", async () => {
  await using api = await startServer({ checkRules });
  const rule = { rule: "self.size >= oldSelf.size", message: "must not shrink" };
  expect((await api.call(`POST ${definitionsPath}`, { body: withRule(rule) })).status).toBe(201);
  expect((await api.call(`POST ${widgetsPath}`, { body: aWidget("a", { size: 5 }) })).status).toBe(201);
  expect(await api.call(`PATCH ${widgetsPath}/a`, { body: { spec: { size: 4 } } })).toMatchObject({
    status: 422,
    json: { details: { causes: [{ reason: "FieldValueInvalid", field: "spec", message: expect.stringContaining("must not shrink") }] } },
  });
  expect((await api.call(`PATCH ${widgetsPath}/a`, { body: { spec: { size: 6 } } })).status).toBe(200);
});

test("a rule that does not compile is told at its place", async () => {
  await using api = await startServer({ checkRules });
  const { status, json } = await api.call(`POST ${definitionsPath}`, { body: withRule({ rule: "self.nope > 1" }) });
  const field = "spec.validation.openAPIV3Schema.properties[spec].x-kubernetes-validations[0].rule";
  expect({ status, json }).toMatchObject({ status: 422, json: { details: { causes: [{ reason: "FieldValueInvalid", field }] } } });
});

test("rules that keep unbounded lists and maps as they were are affordable", async () => {
  await using api = await startServer({ checkRules });
  const names = { type: "array", items: { type: "string" }, "x-kubernetes-validations": [{ rule: "self == oldSelf" }] };
  const parameters = { type: "object", additionalProperties: { type: "string" }, "x-kubernetes-validations": [{ rule: "self == oldSelf" }] };
  const body = withRule({ rule: "true" }, { names, parameters });
  expect((await api.call(`POST ${definitionsPath}`, { body })).status).toBe(201);
});
