import { expect, test } from "vitest";
import { completeDashboard, validateDashboard } from "./admit-dashboard.js";
import { convertDashboard, group } from "./convert-dashboard.js";

const alpha = {
  apiVersion: `${group}/v1alpha1`,
  kind: "Dashboard",
  metadata: { name: "home" },
  spec: { title: "Home", refresh: "5s", panels: [{ id: 1, title: "Load", datasource: "prom" }, { id: 2 }] },
};
const beta = {
  ...alpha,
  apiVersion: `${group}/v1beta1`,
  spec: {
    title: "Home",
    timeSettings: { refresh: "5s" },
    layout: { panels: [{ id: 1, title: "Load", datasource: { uid: "prom" } }, { id: 2 }] },
  },
};

test("a dashboard is the same in both versions, there and back", () => {
  expect(convertDashboard(alpha, "v1beta1")).toEqual(beta);
  expect(convertDashboard(beta, "v1alpha1")).toEqual(alpha);
  expect(convertDashboard(beta, "v1beta1")).toBe(beta);
});

test("a dashboard without panels stays without them", () => {
  const bare = { ...alpha, spec: { title: "Home" } };
  expect(convertDashboard(convertDashboard(bare, "v1beta1"), "v1alpha1")).toEqual(bare);
});

test("a version that there is not is refused", () => {
  expect(() => convertDashboard(alpha, "v9")).toThrow('no version "v9"');
});

test("what is stored is complete, in the version it came in", () => {
  const given = { ...alpha, spec: { title: "  Home ", tags: ["b", "a", "b"] } };
  expect(completeDashboard(given)).toEqual({ ...alpha, spec: { title: "Home", tags: ["a", "b"], refresh: "1m" } });
  expect(completeDashboard(beta)).toEqual({ ...beta, spec: { ...beta.spec, tags: [] } });
});

test("dashboards that make sense pass in both versions", () => {
  expect(() => validateDashboard(alpha)).not.toThrow();
  expect(() => validateDashboard(beta)).not.toThrow();
});

test.each([
  [{ title: "" }, "spec.title: must not be empty"],
  [{ title: "a", panels: [{ id: 1 }, { id: 1 }] }, "panel 1 is there twice"],
  [{ title: "a", panels: [{ id: 1, datasource: "no uid" }] }, 'panel 1: "no uid" is no uid of a data source'],
])("what makes no sense is refused: %j", (spec, message) => {
  expect(() => validateDashboard({ ...alpha, spec })).toThrow(message);
});
