import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { queryTypesOf } from "./query-types.js";
import { aDataPlaneService, aPlugin, startAggregator } from "./testing/start-aggregator.js";

const type = (name: string, spec: object) => ({ metadata: { name }, spec });
const range = type("range", {
  description: "Values over time.",
  discriminators: [{ field: "queryType", value: "range" }],
  schema: { $schema: "https://json-schema.org/draft-04/schema#", type: "object", required: ["expr"], properties: { expr: { type: "string" } } },
});

function plugin(text: string) {
  const directory = mkdtempSync(path.join(tmpdir(), "query-types-"));
  writeFileSync(path.join(directory, "query.types.json"), text);
  return { ...aPlugin({ id: "prometheus" }), directory };
}

const schemasOf = (plugins: Parameters<typeof startAggregator>[0]) => startAggregator(plugins).aggregator.apiSource.served()[0]?.openapi.schemas;

test("the queries that a plugin describes are in the OpenAPI of its groups, with the fields of every query", () => {
  const schemas = schemasOf({
    plugins: [plugin(JSON.stringify({ kind: "QueryTypeDefinitionList", items: [range] }))],
    services: [aDataPlaneService({ plugin: "prometheus" })],
  });
  const name = "app.grafana.aggregation.query.DataQuery.range";
  expect(schemas?.[name]).toMatchObject({
    description: "Values over time.",
    required: ["expr"],
    properties: { expr: { type: "string" }, queryType: { type: "string", enum: ["range"] }, refId: { type: "string" } },
  });
  expect(schemas?.[name]).not.toHaveProperty("$schema");
  expect(schemas?.["app.grafana.aggregation.query.QueryDataRequest"]).toMatchObject({
    properties: {
      queries: {
        items: { anyOf: [{ $ref: `#/components/schemas/${name}` }, { $ref: "#/components/schemas/app.grafana.aggregation.query.DataQuery" }] },
      },
    },
  });
});

test.each([
  ["no JSON", "{"],
  ["no list", JSON.stringify({ items: 7 })],
  ["types without a schema", JSON.stringify({ items: [type("range", {}), null, 7] })],
  ["a name that is none", JSON.stringify({ items: [type("a/b", { schema: {} })] })],
  ["too much", JSON.stringify({ items: [range], filler: "x".repeat(1 << 20) })],
])("%s describes nothing", (_what, text) => {
  expect(queryTypesOf(plugin(text))).toEqual([]);
});

test("a plugin that comes later, or anew, is described from then on", () => {
  const api = startAggregator({ services: [aDataPlaneService({ plugin: "prometheus" })] });
  const names = () => Object.keys(api.aggregator.apiSource.served()[0]?.openapi.schemas ?? {});
  expect(names()).not.toContain("app.grafana.aggregation.query.DataQuery.range");
  const before = api.aggregator.apiSource.generation;
  api.plugins.set(plugin(JSON.stringify({ items: [range] })));
  api.aggregator.rejudge();
  expect(api.aggregator.apiSource.generation).toBeGreaterThan(before);
  expect(names()).toContain("app.grafana.aggregation.query.DataQuery.range");
});
