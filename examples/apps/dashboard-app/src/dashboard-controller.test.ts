import { expect, test } from "vitest";
import { group } from "./convert-dashboard.js";
import { statusOf, summaryOf } from "./dashboard-controller.js";

const dashboard = {
  apiVersion: `${group}/v1beta1`,
  kind: "Dashboard",
  metadata: { name: "home", namespace: "default", uid: "u1", generation: 3 },
  spec: { title: "Home", layout: { panels: [{ id: 1 }, { id: 2 }] } },
};

test("the status says how many panels there are, and of which generation", () => {
  expect(statusOf(dashboard)).toEqual({ panelCount: 2, lastReconciledGeneration: 3 });
});

test("the ConfigMap belongs to its dashboard", () => {
  expect(summaryOf(dashboard)).toMatchObject({
    metadata: { name: "dashboard-home", ownerReferences: [{ kind: "Dashboard", name: "home", uid: "u1", controller: true }] },
    data: { title: "Home", panels: "2" },
  });
});
