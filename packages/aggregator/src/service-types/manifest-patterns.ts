import type { ManifestRoute } from "../manifest-routes/manifest-routes.js";
import { discoveredRoutes } from "./discovered-routes.js";
import { customRoute } from "./route.js";
import { namesItsTarget } from "./route-target.js";
import type { BoundPlugin, PluginRoute } from "./service-type.js";

/**
 * The routes that a manifest adds to a service which lists the type `route`. Those of a data source plugin that name no data source are
 * left out.
 */
export const manifestPatterns = (routes: readonly ManifestRoute[], plugin: BoundPlugin): readonly PluginRoute[] =>
  discoveredRoutes(
    routes
      .filter(({ path, operations }) => operations.size > 0 && namesItsTarget(path, plugin))
      .map(({ path, operations }) =>
        customRoute(
          {
            path,
            methods: [...operations.keys()],
            operations: Object.fromEntries([...operations].map(([method, operation]) => [method.toLowerCase(), operation])),
          },
          plugin,
        ),
      ),
  );
