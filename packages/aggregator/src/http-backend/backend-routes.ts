import type { DataPlaneServiceSpec } from "../dataplaneservice.js";
import { admission } from "../service-types/admission.js";
import { conversion } from "../service-types/conversion.js";
import { query } from "../service-types/query.js";
import { route } from "../service-types/route.js";
import type { PluginRoute, ServiceEntry, ServiceType } from "../service-types/service-type.js";

const types: ReadonlyMap<string, ServiceType> = new Map<string, ServiceType>([query, route, admission, conversion].map((type) => [type.name, type]));

/** A data source plugin's paths are the general ones. */
const bound = { pluginType: "datasource" } as const;

/** The paths that a backend is asked for; they are a plugin's, with another way to answer them. */
export const backendRoutes = ({ services }: DataPlaneServiceSpec): readonly PluginRoute[] =>
  services.flatMap((entry) => (entry.type === "route" ? [] : (types.get(entry.type)?.routes(entry, bound) ?? [])));

export const backendPatterns = ({ services }: DataPlaneServiceSpec): readonly PluginRoute[] =>
  services.flatMap((entry) => (entry.type === "route" ? ownPatterns(entry) : []));

/** The pattern that a plugin serves at a fixed path is one like any other here. */
function ownPatterns(entry: ServiceEntry): readonly PluginRoute[] {
  const patterns = route.patterns?.(entry, bound) ?? [];
  return patterns.length > 0 ? patterns : route.routes(entry, bound);
}
