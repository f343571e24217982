import { expect, test } from "vitest";
import { isDataPlanePath } from "./data-plane-paths.js";

test.each([
  ...["query", "health", "access", "resources", "resources/x", "stream/x/y", "proxy", "proxy/api/v1"].flatMap((it) => [
    `namespaces/default/datasources/main/${it}`,
    `namespaces/default/connections/main/${it}`,
  ]),
  ...["health", "access", "resources", "resources/x", "stream/a/b"].map((it) => `namespaces/default/${it}`),
  ...["queries/mine/run", "queries/mine/run/x"].map((it) => `namespaces/default/${it}`),
  ...["metrics", "convert", "admission/mutate", "admission/validate"],
])("%s is a path of the data plane", (path) => {
  expect(isDataPlanePath(path.split("/"))).toBe(true);
});

test.each([
  ...["datasources", "datasources/main", "datasources/main/status", "datasources/main/plugincontext"].map((it) => `namespaces/default/${it}`),
  ...["widgets", "widgets/w/query", "health/x", "queries", "queries/mine", "queries/run"].map((it) => `namespaces/default/${it}`),
  ...["namespaces/default", "widgets", "widgets/metrics", "metrics/x", "admission", "admission/other", "convert/x", "datasources/main/query"],
])("%s is none", (path) => {
  expect(isDataPlanePath(path.split("/"))).toBe(false);
});
