import { notServed } from "./not-served.js";
import type { ServiceType } from "./service-type.js";

/** Requests to the data source itself, with its credentials, by the routes of plugin.json. */
export const datasourceProxy: ServiceType = {
  name: "datasource-proxy",
  served: () => false,
  routes: () => [
    notServed("datasource-proxy", "namespaces/{namespace}/datasources/{uid}/proxy"),
    notServed("datasource-proxy", "namespaces/{namespace}/datasources/{uid}/proxy/*"),
  ],
};
