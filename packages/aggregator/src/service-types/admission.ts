import type { ServiceType } from "./service-type.js";

/** Checks and changes objects before they are stored: `pluginv2.AdmissionControl`. The API server calls it; it has no path. */
export const admission: ServiceType = { name: "admission", served: () => false, routes: () => [] };
