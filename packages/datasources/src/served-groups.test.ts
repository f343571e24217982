import type { ApiObject } from "@dataplane/meta";
import { expect, test } from "vitest";
import { servedGroups } from "./served-groups.js";
import { knownPlugins } from "./testing/known-plugins.js";

test("a service with a backend by HTTP in place of a plugin shows no data sources", () => {
  const service = (spec: ApiObject["spec"]): ApiObject => ({
    apiVersion: "aggregation.grafana.app/v0alpha1",
    kind: "DataPlaneService",
    metadata: { name: "x" },
    spec,
  });
  const backend = { type: "http", baseURL: "https://b.example.com" };
  const bound = { group: "b.example.com", version: "v1", services: [{ type: "query" }] };
  const without = servedGroups(knownPlugins(["prometheus"]), []);
  expect(servedGroups(knownPlugins(["prometheus"]), [service({ ...bound, backend })])).toEqual(without);
  expect(servedGroups(knownPlugins(["prometheus"]), [service({ ...bound, pluginID: "", backend })])).toEqual(without);
});
