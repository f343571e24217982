import type { PluginContext } from "../messages.js";

/** A context that any plugin takes: a data source with empty settings. */
export function aPluginContext(changes: Partial<PluginContext> = {}): PluginContext {
  return {
    orgId: 1,
    pluginId: "acme-testplugin-datasource",
    user: { login: "admin", name: "", email: "", role: "Admin" },
    dataSourceInstanceSettings: {
      id: 7,
      name: "one",
      url: "http://localhost:9090",
      user: "",
      database: "",
      basicAuthEnabled: false,
      basicAuthUser: "",
      jsonData: Buffer.from("{}"),
      decryptedSecureJsonData: { token: "s3cret" },
      lastUpdatedMS: 1,
      uid: "one",
      apiVersion: "",
    },
    grafanaConfig: {},
    pluginVersion: "1.0.0",
    userAgent: "Grafana/12.0.0 (linux; amd64)",
    apiVersion: "",
    namespace: "default",
    ...changes,
  };
}
