import { notServed } from "./not-served.js";
import { resourcesRoute } from "./resources.js";
import type { ServiceType } from "./service-type.js";

/** The route that is written as the fixed path of resource calls asks for nothing more than those. */
export const resourcesPattern = "datasources/{uid}/resources/*";

/** The plugin's own HTTP API: `datasources/{uid}/resources/*` always, and one pattern of the service's own. */
export const route: ServiceType = {
  name: "route",
  served: ({ path }) => path === undefined || withoutSlash(path) === resourcesPattern,
  routes: () => [resourcesRoute],
  patterns: ({ path, method }) =>
    path === undefined || withoutSlash(path) === resourcesPattern
      ? []
      : [notServed("route", `namespaces/{namespace}/${withoutSlash(path)}`, methodsOf(method))],
};

/** A comma list; every method when there is none. */
const methodsOf = (list: string | undefined): readonly string[] =>
  list === undefined || list.trim() === "" ? ["*"] : list.split(",").map((method) => method.trim().toUpperCase());

const withoutSlash = (path: string): string => path.replace(/^\//, "");
