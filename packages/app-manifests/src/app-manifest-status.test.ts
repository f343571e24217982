import type { ApiObject, JsonObject } from "@dataplane/meta";
import { expect, test } from "vitest";
import { manifestConditions } from "./app-manifest-status.js";

const now = new Date("2026-11-25T12:00:00Z");

const manifest = (
  name: string,
  parts: { readonly created?: string; readonly versions?: readonly JsonObject[]; readonly group?: string } = {},
): ApiObject => ({
  apiVersion: "apps.grafana.app/v1alpha2",
  kind: "AppManifest",
  metadata: { name, generation: 2, creationTimestamp: parts.created ?? "2026-01-01T00:00:00Z" },
  spec: { appName: name, group: parts.group ?? "acme.example.com", versions: parts.versions ?? [] },
});

const withRoutes = { name: "v1", routes: { namespaced: { "/a": { get: {} } } } };

const service = (version: string, types: readonly string[]): ApiObject => ({
  apiVersion: "aggregation.grafana.app/v0alpha1",
  kind: "DataPlaneService",
  metadata: { name: `${version}.acme` },
  spec: { pluginID: "acme-app", pluginType: "app", group: "acme.example.com", version, services: types.map((type) => ({ type })) },
});

const judged = (object: ApiObject, { manifests = [object], services = [] as readonly ApiObject[] } = {}) =>
  manifestConditions(object, { manifests, services }, now).map(({ type, status, reason }) => `${type} ${status} ${reason}`);

test("a manifest without routes is accepted, and needs no service", () => {
  expect(judged(manifest("a"))).toEqual(["Accepted True Passed", "RoutesServed True NoRoutes"]);
});

test("routes are served when a DataPlaneService for routes binds their version", () => {
  const it = manifest("a", { versions: [withRoutes] });
  expect(judged(it)).toEqual(["Accepted True Passed", "RoutesServed False NotBound"]);
  expect(judged(it, { services: [service("v1", ["query"]), service("v2", ["route"])] })[1]).toBe("RoutesServed False NotBound");
  expect(judged(it, { services: [service("v1", ["query", "route"])] })[1]).toBe("RoutesServed True Passed");
});

test("of two manifests for one group the younger is not accepted", () => {
  const younger = manifest("a", { created: "2026-02-01T00:00:00Z" });
  const elder = manifest("b");
  expect(judged(younger, { manifests: [younger, elder] })).toEqual(["Accepted False GroupConflict", "RoutesServed False GroupConflict"]);
  expect(judged(elder, { manifests: [younger, elder] })[0]).toBe("Accepted True Passed");
});

test("nothing is written anew when nothing changed, and conditions of others stay", () => {
  const other = { type: "KindsServed", status: "True", reason: "Passed", message: "", lastTransitionTime: "2026-01-01T00:00:00Z" };
  const first = { ...manifest("a"), status: { conditions: [other] } };
  const conditions = manifestConditions(first, { manifests: [first], services: [] }, now);
  expect(conditions[0]).toEqual(other);
  expect(conditions[1]).toMatchObject({ observedGeneration: 2, lastTransitionTime: "2026-11-25T12:00:00Z" });
  const second = { ...first, status: { conditions: conditions.map((it): JsonObject => ({ ...it })) } };
  expect(manifestConditions(second, { manifests: [second], services: [] }, new Date())).toBe(second.status.conditions);
});
