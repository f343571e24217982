import type { ApiObject } from "@dataplane/meta";
import type { AppController } from "@dataplane/plugin-sdk-app";
import { logCall } from "../../call-log.js";
import { objectIn, textIn } from "../../json.js";
import { group } from "./convert-dashboard.js";
import { type KnownDashboards, panelCount } from "./known-dashboards.js";

const dashboards = { group, version: "v1beta1", resource: "dashboards", namespaced: true };
const configMaps = { group: "", version: "v1", resource: "configmaps", namespaced: true };

/** Keeps a dashboard's status true, and beside it a ConfigMap that belongs to it and goes with it. */
export const dashboardController = (known: KnownDashboards): AppController => ({
  name: "dashboards",
  resource: dashboards,
  async reconcile(dashboard, { name, namespace }, { client, signal }) {
    logCall("reconcile", { name, namespace, gone: dashboard === undefined });
    if (dashboard === undefined) {
      known.delete(namespace, name);
      return undefined;
    }
    known.set(dashboard);
    const status = statusOf(dashboard);
    if (JSON.stringify(dashboard["status"]) !== JSON.stringify(status)) {
      const ref = { name, namespace, subresource: "status" };
      await client.patch(dashboards, ref, "application/merge-patch+json", { status }, {}, signal);
    }
    const summary = summaryOf(dashboard);
    const options = { fieldManager: "dashboard-app", force: true };
    await client.patch(configMaps, { name: summary.metadata.name, namespace }, "application/apply-patch+yaml", { ...summary }, options, signal);
    return undefined;
  },
});

/** In the order in which it is stored, so that it can be compared as text. */
export const statusOf = (dashboard: ApiObject) => ({
  lastReconciledGeneration: dashboard.metadata.generation ?? 0,
  panelCount: panelCount(dashboard),
});

/** The ConfigMap of a dashboard, whose owner it is: the garbage collector deletes it after the dashboard. */
export function summaryOf(dashboard: ApiObject) {
  const { name, uid = "" } = dashboard.metadata;
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      name: `dashboard-${name}`,
      ownerReferences: [{ apiVersion: `${group}/v1beta1`, kind: "Dashboard", name, uid, controller: true }],
    },
    data: { title: textIn(objectIn(dashboard, "spec"), "title"), panels: String(panelCount(dashboard)) },
  };
}
