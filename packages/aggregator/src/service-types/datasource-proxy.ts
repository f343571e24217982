import { proxyDataSource } from "../proxy/proxy-data-source.js";
import { customOperations } from "./custom-operations.js";
import { notServed } from "./not-served.js";
import type { PluginCall, PluginRoute, ServiceType } from "./service-type.js";

export { proxyDataSource } from "../proxy/proxy-data-source.js";

const proxyRoute = (rest: "" | "/*", shown: Pick<PluginRoute, "discovered"> = {}): PluginRoute => ({
  methods: ["*"],
  path: `namespaces/{namespace}/datasources/{uid}/proxy${rest}`,
  handle: (call: PluginCall) =>
    proxyDataSource(call, { namespace: call.params["namespace"] ?? "", uid: call.params["uid"] ?? "", path: call.params["*"] ?? "" }),
  operations: customOperations(`DataSourceProxy${rest}`, ["*"], "Send a request to the data source itself, with its credentials."),
  ...shown,
});

const discovered = { name: "datasources/proxy", kind: "DataSourceProxyOptions", verbs: ["create", "delete", "get", "patch", "update"] };

/** An app has no data source that its requests could be for. */
const notOfApps = ["proxy", "proxy/*"].map((path) => notServed("datasource-proxy", `namespaces/{namespace}/datasources/{uid}/${path}`));

/** Requests to the data source itself, with its credentials, by the routes of plugin.json. */
export const datasourceProxy: ServiceType = {
  name: "datasource-proxy",
  served: (_, { pluginType }) => pluginType === "datasource",
  routes: (_, { pluginType }) => (pluginType === "datasource" ? [proxyRoute("", { discovered }), proxyRoute("/*")] : notOfApps),
};
