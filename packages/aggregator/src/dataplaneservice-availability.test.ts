import { expect, test } from "vitest";
import { dataPlaneServiceFrom } from "./dataplaneservice.js";
import { conditionsOf, type Surroundings } from "./dataplaneservice-availability.js";
import { aDataPlaneService } from "./testing/a-data-plane-service.js";
import { aPlugin } from "./testing/a-plugin.js";

const now = new Date("2026-11-24T12:00:00Z");
const plugin = aPlugin({ id: "p" });
const service = dataPlaneServiceFrom(aDataPlaneService({ plugin: "p" }));
const running: Surroundings = { plugin, conflict: undefined };

const available = (of = service, surroundings = running): unknown => conditionsOf(of, surroundings, now).find(({ type }) => type === "Available");

test("a service whose plugin runs is available", () => {
  expect(available()).toMatchObject({ status: "True", reason: "Passed", lastTransitionTime: "2026-11-24T12:00:00Z" });
});

test.each<[string, Partial<Surroundings>]>([
  ["PluginNotFound", { plugin: undefined }],
  ["GroupConflict", { conflict: { reason: "GroupConflict", message: "taken" } }],
  ["PluginTypeMismatch", { plugin: aPlugin({ id: "p", type: "app" }) }],
  ["Starting", { plugin: aPlugin({ id: "p", state: { phase: "starting", reason: "Starting" } }) }],
  ["BackOff", { plugin: aPlugin({ id: "p", state: { phase: "backoff", reason: "BackOff" } }) }],
  ["Crashed", { plugin: aPlugin({ id: "p", state: { phase: "failed", reason: "" } }) }],
])("%s", (reason, surroundings) => {
  expect(available(service, { ...running, ...surroundings })).toMatchObject({ status: "False", reason });
});

test("ServiceTypeNotServed names the entries, and what is wrong with a route", () => {
  const partly = dataPlaneServiceFrom(aDataPlaneService({ plugin: "p", serves: ["query", { type: "route", path: "x" }] }));
  expect(available(partly)).toMatchObject({
    status: "False",
    reason: "ServiceTypeNotServed",
    message:
      "cannot be served of this plugin: route x; a route of a data source plugin must begin with datasources/{uid}/, which names the data source that is called",
  });
  const app = dataPlaneServiceFrom(aDataPlaneService({ plugin: "p", pluginType: "app", serves: ["datasource-proxy"] }));
  expect(available(app, { ...running, plugin: aPlugin({ id: "p", type: "app" }) })).toMatchObject({
    reason: "ServiceTypeNotServed",
    message: "cannot be served of this plugin: datasource-proxy",
  });
});

test("nothing is written anew when nothing changed, and the time moves only with the status", () => {
  const conditions = conditionsOf(service, running, now);
  const known = { ...service, conditions };
  const later = new Date("2026-11-24T13:00:00Z");
  expect(conditionsOf(known, running, later)).toBe(conditions);
  const back = conditionsOf(known, { ...running, plugin: undefined }, later);
  expect(back.find(({ type }) => type === "Available")).toMatchObject({ status: "False", lastTransitionTime: "2026-11-24T13:00:00Z" });
});

test.each<[string, string, Partial<Surroundings>]>([
  ["True", "Passed", {}],
  ["Unknown", "Starting", { plugin: aPlugin({ id: "p", state: { phase: "starting", reason: "Starting" } }) }],
  ["False", "Crashed", { plugin: aPlugin({ id: "p", state: { phase: "starting", reason: "Crashed" } }) }],
  ["False", "HealthCheckFailed", { plugin: aPlugin({ id: "p", state: { phase: "starting", reason: "HealthCheckFailed" } }) }],
  ["False", "BackOff", { plugin: aPlugin({ id: "p", state: { phase: "backoff", reason: "BackOff" } }) }],
  ["Unknown", "Stopped", { plugin: aPlugin({ id: "p", state: { phase: "stopped", reason: "Stopped" } }) }],
  ["Unknown", "PluginNotFound", { plugin: undefined }],
])("Healthy is %s, %s", (status, reason, surroundings) => {
  const healthy = conditionsOf(service, { ...running, ...surroundings }, now).find(({ type }) => type === "Healthy");
  expect(healthy).toMatchObject({ status, reason });
});

test("a plugin whose signature is false says so, in each condition", () => {
  const problem = { directory: "/p", pluginId: "p", reason: "SignatureInvalid", message: "the plugin's signature is modified" } as const;
  const conditions = conditionsOf(service, { plugin: undefined, conflict: undefined, problem }, now);
  expect(conditions.map(({ type, status, reason }) => [type, status, reason])).toEqual([
    ["Available", "False", "SignatureInvalid"],
    ["PluginLoaded", "False", "SignatureInvalid"],
    ["Healthy", "Unknown", "SignatureInvalid"],
  ]);
});

test("conditions carry the generation that they were judged by", () => {
  const stored = { ...service, metadata: { ...service.metadata, generation: 7 } };
  expect(conditionsOf(stored, running, now).every(({ observedGeneration }) => observedGeneration === 7)).toBe(true);
});
