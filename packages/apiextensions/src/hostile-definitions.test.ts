import { readFileSync } from "node:fs";
import { checkRules } from "@dataplane/apiserver";
import { isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";
import fc from "fast-check";
import { expect, test } from "vitest";
import { aDefinition, aVersion, aWidget, definitionsPath, schemaOf, widgetsPath } from "./testing/a-definition.js";
import { startServer } from "./testing/start-server.js";
import { until } from "./testing/until.js";

const golden = new URL("../../../conformance/crd-validation/cases.golden.json", import.meta.url);
const known = (JSON.parse(readFileSync(golden, "utf8")) as readonly { readonly object: JsonObject }[]).map(({ object }) => object);

const nasty = fc.constantFrom<JsonValue>(
  null,
  true,
  0,
  -1,
  1e308,
  "",
  "x",
  "a\u0000b",
  "(".repeat(50),
  "(a+)+$",
  ".spec",
  "..",
  "[?(@.a==",
  [],
  {},
  [[]],
  { type: "object" },
  JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}') as JsonValue,
);

/** One place of a document, drawn by numbers, is another value, or is gone. */
function changed(value: JsonValue, path: readonly number[], next: JsonValue | undefined): JsonValue | undefined {
  const [first, ...rest] = path;
  if (first === undefined) return next;
  if (Array.isArray(value)) {
    const list = value as readonly JsonValue[];
    if (list.length === 0) return next;
    return list.flatMap((item, index) => (index === first % list.length ? (changed(item, rest, next) ?? []) : [item]));
  }
  if (!isJsonObject(value) || Object.keys(value).length === 0) return next;
  const keys = Object.keys(value);
  const at = keys[first % keys.length];
  const entries = Object.entries(value).map(([key, field]) => [key, key === at ? changed(field, rest, next) : field] as const);
  return Object.fromEntries(entries.flatMap(([key, field]) => (field === undefined ? [] : [[key, field]])));
}

function textAt(value: JsonValue | undefined, key: string): string {
  const text = isJsonObject(value) ? value[key] : undefined;
  return typeof text === "string" ? text : "";
}

test("no definition breaks the server: it is refused with its faults, or served", { timeout: 120_000 }, async () => {
  await using api = await startServer({ checkRules });
  const place = fc.array(fc.nat(20), { minLength: 1, maxLength: 10 });
  const changes = fc.array(fc.tuple(place, fc.option(nasty, { nil: undefined })), { minLength: 1, maxLength: 3 });
  const statuses = new Map<number, number>();
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...known), changes, async (object, edits) => {
      const body = edits.reduce<JsonValue>((made, [path, next]) => changed(made, path, next) ?? {}, object);
      const { status, json } = await api.call(`POST ${definitionsPath}`, { body });
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      expect([201, 400, 409, 422]).toContain(status);
      if (status !== 201) return;
      const group = textAt(json["spec"], "group");
      for (const path of [`/apis/${group}/v1/widgets`, `/openapi/v3/apis/${group}/v1`]) {
        const table = { accept: "application/json;as=Table;g=meta.k8s.io;v=v1,application/json" };
        expect([200, 404]).toContain((await api.call(`GET ${path}`, { headers: table })).status);
      }
      const definition = `${definitionsPath}/${textAt(json["metadata"], "name")}`;
      expect((await api.call(`DELETE ${definition}`)).status).toBe(200);
      await until(async () => (await api.call(`GET ${definition}`)).status === 404);
    }),
    { numRuns: 2_000 },
  );
  expect(statuses.get(201)).toBeGreaterThan(0);
  expect(statuses.get(422)).toBeGreaterThan(0);
  expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
});

test("fields whose names JavaScript knows are fields like others, but for __proto__, which no body may have", async () => {
  await using api = await startServer({ checkRules });
  const properties = JSON.parse('{"__proto__":{"type":"string"},"constructor":{"type":"integer"},"toString":{"type":"boolean"}}') as JsonObject;
  const made = await api.call(`POST ${definitionsPath}`, { body: aDefinition({ versions: [aVersion("v1", { schema: schemaOf(properties) })] }) });
  expect(made.status).toBe(201);
  const spec = JSON.parse('{"__proto__":"x","constructor":1,"toString":true,"valueOf":1}') as JsonObject;
  const { text, status } = await api.call(`POST ${widgetsPath}`, { body: aWidget("a", spec) });
  expect(status).toBe(201);
  expect(text).toContain('"spec":{"constructor":1,"toString":true}');
  expect((await api.call(`POST ${widgetsPath}`, { body: aWidget("b", { constructor: "no" }) })).status).toBe(422);
});

test("a schema that is nested too deep is the writer's fault", async () => {
  await using api = await startServer({ checkRules });
  const deep = Array.from({ length: 2_000 }).reduce<JsonObject>((inner) => ({ type: "object", properties: { a: inner } }), { type: "string" });
  const { status } = await api.call(`POST ${definitionsPath}`, {
    body: aDefinition({ versions: [aVersion("v1", { schema: { openAPIV3Schema: deep } })] }),
  });
  expect(status).toBe(400);
});
