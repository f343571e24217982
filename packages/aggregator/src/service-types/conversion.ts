import type { ServiceType } from "./service-type.js";

/** Converts objects between versions: `pluginv2.ResourceConversion`. The API server calls it; it has no path. */
export const conversion: ServiceType = { name: "conversion", served: () => false, routes: () => [] };
