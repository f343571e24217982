import { readFile } from "node:fs/promises";
import type { ApiObject } from "@dataplane/meta";
import { expect, test } from "vitest";
import { dataPlaneServiceFrom, dataPlaneServices } from "./dataplaneservice.js";
import { aDataPlaneService } from "./testing/a-data-plane-service.js";

const causes = (object: ApiObject): readonly string[] =>
  (dataPlaneServices.validate?.(object, undefined) ?? []).map(({ field, reason }) => `${field} ${reason}`);

test("the original's shape is sound, whatever group it binds", () => {
  expect(causes(aDataPlaneService({ plugin: "prometheus" }))).toEqual([]);
  expect(
    causes(aDataPlaneService({ plugin: "acme-app", pluginType: "app", serves: ["admission", "conversion", "stream", "datasource-proxy"] })),
  ).toEqual([]);
  expect(causes(aDataPlaneService({ plugin: "p", serves: [{ type: "route", path: "/foo/{name}/*", method: "GET,post" }] }))).toEqual([]);
});

test.each<[string, Parameters<typeof aDataPlaneService>[0], string]>([
  ["a group that is no DNS name", { plugin: "p", group: "Not_DNS" }, "spec.group FieldValueInvalid"],
  ["a version of another form", { plugin: "p", version: "1.0" }, "spec.version FieldValueInvalid"],
  ["a plugin id with a slash", { plugin: "p", spec: { pluginID: "../x" } }, "spec.pluginID FieldValueInvalid"],
  ["a route without a path", { plugin: "p", serves: ["query", "route"] }, "spec.services[1].path FieldValueRequired"],
  ["a route with dots", { plugin: "p", serves: [{ type: "route", path: "a/../b" }] }, "spec.services[0].path FieldValueInvalid"],
  ["a star in the middle", { plugin: "p", serves: [{ type: "route", path: "a/*/b" }] }, "spec.services[0].path FieldValueInvalid"],
  ["a parameter that is there twice", { plugin: "p", serves: [{ type: "route", path: "{a}/{a}" }] }, "spec.services[0].path FieldValueInvalid"],
  [
    "an unknown method",
    { plugin: "p", serves: [{ type: "route", path: "a", method: "GET,FETCH" }] },
    "spec.services[0].method FieldValueNotSupported",
  ],
])("refuses %s", (_, parts, expected) => {
  expect(causes(aDataPlaneService(parts))).toEqual([expected]);
});

test("a method or path that means nothing is warned about", () => {
  const object = aDataPlaneService({ plugin: "p", serves: [{ type: "query", path: "x", method: "GET" }] });
  expect(dataPlaneServices.warn?.(object)).toHaveLength(2);
});

test("columns show what a service binds and whether it is available", () => {
  const condition = { type: "Available", status: "False", reason: "BackOff", message: "", lastTransitionTime: "2026-01-01T00:00:00Z" };
  const object: ApiObject = { ...aDataPlaneService({ plugin: "prometheus", serves: ["query", "stream"] }), status: { conditions: [condition] } };
  const row = Object.fromEntries((dataPlaneServices.columns ?? []).map(({ name, value }) => [name, value(object, new Date())]));
  expect(row).toMatchObject({ Plugin: "prometheus", Type: "datasource", Group: "prometheus.grafana.app", Version: "v0alpha1" });
  expect(row).toMatchObject({ Services: "query,stream", Available: "False", Reason: "BackOff" });
});

test("the example binds prometheus, and serves queries", async () => {
  const yaml = await readFile(new URL("../../../examples/datasource.yml", import.meta.url), "utf8");
  for (const line of ["pluginID: prometheus", "group: prometheus.grafana.app", "version: v0alpha1", "- type: query"]) expect(yaml).toContain(line);
});

test("reading something else gives empty values, and does not throw", () => {
  const read = dataPlaneServiceFrom({ apiVersion: "v1", kind: "X", metadata: { name: "x" }, spec: null, status: { conditions: "no" } });
  expect(read).toMatchObject({ spec: { pluginID: "", services: [] }, conditions: [] });
});
