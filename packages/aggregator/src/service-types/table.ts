import { admission } from "./admission.js";
import { conversion } from "./conversion.js";
import { datasourceProxy } from "./datasource-proxy.js";
import type { ServiceTypeName } from "./names.js";
import { query } from "./query.js";
import { route } from "./route.js";
import type { ServiceType } from "./service-type.js";
import { stream } from "./stream.js";

/** Every service type, by the name that a DataPlaneService gives it: the compiler counts them. */
export const serviceTypes: Readonly<Record<ServiceTypeName, ServiceType>> = {
  admission,
  conversion,
  query,
  stream,
  route,
  "datasource-proxy": datasourceProxy,
};
