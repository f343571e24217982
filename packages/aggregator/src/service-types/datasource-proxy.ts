import { proxyDataSource } from "../proxy/proxy-data-source.js";
import type { PluginCall, PluginRoute, ServiceType } from "./service-type.js";

export { proxyDataSource } from "../proxy/proxy-data-source.js";

const proxyRoute = (path: string, shown: Pick<PluginRoute, "discovered" | "operations"> = {}): PluginRoute => ({
  methods: ["*"],
  path: `namespaces/{namespace}/datasources/{uid}/proxy${path}`,
  handle: (call: PluginCall) =>
    proxyDataSource(call, { namespace: call.params["namespace"] ?? "", uid: call.params["uid"] ?? "", path: call.params["*"] ?? "" }),
  ...shown,
});

const answers = { default: { description: "What the data source answers." } };
const proxied = (method: string) => ({
  description: "Requests to the data source itself, with its credentials.",
  operationId: `${method}DataSourceProxy`,
  responses: answers,
});

/** Requests to the data source itself, with its credentials, by the routes of plugin.json. */
export const datasourceProxy: ServiceType = {
  name: "datasource-proxy",
  served: (_, { pluginType }) => pluginType === "datasource",
  routes: (_, { pluginType }) =>
    pluginType === "datasource"
      ? [
          proxyRoute("", {
            discovered: { name: "datasources/proxy", kind: "DataSourceProxyOptions", verbs: ["create", "delete", "get", "patch", "update"] },
            operations: Object.fromEntries(["get", "post", "put", "patch", "delete"].map((method) => [method, proxied(method)])),
          }),
          proxyRoute("/*"),
        ]
      : [],
};
