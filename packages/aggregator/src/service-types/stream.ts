import { notServed } from "./not-served.js";
import type { ServiceType } from "./service-type.js";

/** Streams of one data source: `pluginv2.Stream`. */
export const stream: ServiceType = {
  name: "stream",
  served: () => false,
  routes: () => [notServed("stream", "namespaces/{namespace}/datasources/{uid}/stream/*")],
};
