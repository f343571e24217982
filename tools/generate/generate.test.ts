import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { between, differences, jsonText } from "./generated-file.js";

const root = path.dirname(path.dirname(import.meta.dirname));
const json = (file: string): object => JSON.parse(readFileSync(path.join(root, file), "utf8")) as object;
const yaml = (file: string): unknown => parse(readFileSync(path.join(root, file), "utf8"));
const ajv = (): Ajv2020 => new Ajv2020({ strict: true, validateFormats: false });
const schemas = readdirSync(path.join(root, "api/schemas"), { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".json"));

test.each(schemas)("%s is a JSON Schema of draft 2020-12", (file) => {
  expect(ajv().validateSchema(json(`api/schemas/${file}`))).toBe(true);
  expect(() => ajv().compile(json(`api/schemas/${file}`))).not.toThrow();
});

const dataPlaneService = "api/schemas/aggregation.grafana.app/dataplaneservice_v0alpha1.json";

test("the example is valid by the schema of its kind", () => {
  const validate = ajv().compile(json(dataPlaneService));
  expect(validate(yaml("examples/datasource.yml"))).toBe(true);
});

test.each([
  ["an unknown field", { spec: { pluginID: "a", pluginType: "datasource", group: "a.b", version: "v1", services: [], colour: "red" } }],
  ["another kind", { kind: "DataPlane" }],
  ["another version", { apiVersion: "aggregation.grafana.app/v2" }],
])("%s is not", (_what, change) => {
  const validate = ajv().compile(json(dataPlaneService));
  expect(validate({ ...(yaml("examples/datasource.yml") as object), ...change })).toBe(false);
});

test("a document's text depends on its content alone", () => {
  expect(jsonText({ b: 1, a: [{ d: null, c: "x" }] })).toBe(jsonText({ a: [{ c: "x", d: null }], b: 1 }));
});

test("only what is between the markers is replaced", () => {
  const document = "before\n<!-- generated: x -->\nold\n<!-- end -->\nafter\n";
  const once = between(document, "x", "new");
  expect(once).toBe("before\n<!-- generated: x -->\n\nnew\n\n<!-- end -->\nafter\n");
  expect(between(once, "x", "new")).toBe(once);
  expect(() => between("nothing", "x", "new")).toThrow("markers");
});

test("a file that is changed, missing or no longer made is a difference", () => {
  const committed = new Map([
    ["api/same.json", "1"],
    ["api/edited.json", "by hand"],
    ["api/gone.json", "3"],
  ]);
  const files = ["same", "edited", "new"].map((name, index) => ({ path: `api/${name}.json`, text: String(index + 1) }));
  const { changed, leftOver } = differences(files, { current: (path) => committed.get(path), owned: [...committed.keys()] });
  expect(changed.map(({ path }) => path)).toEqual(["api/edited.json", "api/new.json"]);
  expect(leftOver).toEqual(["api/gone.json"]);
});
