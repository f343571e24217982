import type { BoundPlugin } from "./service-type.js";

/** Why a pattern of a data source plugin is not served. */
export const namesNoDataSource = "a route of a data source plugin must begin with datasources/{uid}/, which names the data source that is called";

/** Whether a pattern, relative to the namespace or to the version, says which settings its calls have. */
export const namesItsTarget = (path: string, { pluginType }: BoundPlugin): boolean =>
  pluginType !== "datasource" || /^\/?(?:namespaces\/\{namespace\}\/)?datasources\/\{uid\}\/[^/]/.test(path);
