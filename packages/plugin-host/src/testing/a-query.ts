import { DataFrameFormat, type PluginContext, type QueryDataRequest } from "@dataplane/plugin-protocol";

export const aContext: PluginContext = {
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
};

/** A request with one query, refId A, of that type. */
export function aQuery(queryType: string, model: object = {}, format: DataFrameFormat = DataFrameFormat.JSON): QueryDataRequest {
  return {
    pluginContext: aContext,
    headers: {},
    format,
    queries: [
      {
        refId: "A",
        maxDataPoints: 100,
        intervalMS: 1000,
        timeRange: { fromEpochMS: 1_704_067_200_000, toEpochMS: 1_704_070_800_000 },
        json: Buffer.from(JSON.stringify({ refId: "A", queryType, ...model })),
        queryType,
      },
    ],
  };
}
