import type { ResourceRef } from "@dataplane/client";

/** The settings of apps, as a client names them: one object a namespace, named as the plugin. */
export const appSettingsRef: ResourceRef = { group: "apps.grafana.app", version: "v0alpha1", resource: "appsettings", namespaced: true };
