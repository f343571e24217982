import { type ApiObject, apiVersionOf, elderFirst, type GroupVersion, isJsonObject } from "@dataplane/meta";
import { type ManifestRoutes, manifestRoutesFrom } from "./manifest-routes.js";

/** The routes of all manifests, by group and version; replaced whole. */
export class ManifestRouteTable {
  #routes: ReadonlyMap<string, ManifestRoutes> = new Map();
  #text = "";

  of(groupVersion: GroupVersion): ManifestRoutes | undefined {
    return this.#routes.get(apiVersionOf(groupVersion));
  }

  /** False when these manifests say what was known already. Of two manifests for one group the elder has it, in all its versions. */
  replace(manifests: readonly ApiObject[]): boolean {
    const routes = new Map<string, ManifestRoutes>();
    const groups = new Set<unknown>();
    for (const manifest of manifests.toSorted(elderFirst)) {
      if (manifest.metadata.deletionTimestamp !== undefined) continue;
      const { spec } = manifest;
      const group = isJsonObject(spec) ? spec["group"] : undefined;
      if (groups.has(group)) continue;
      groups.add(group);
      for (const [key, it] of manifestRoutesFrom(manifest)) routes.set(key, it);
    }
    const text = JSON.stringify([...routes], (_key, value: unknown) => (value instanceof Map ? [...value] : value));
    if (text === this.#text) return false;
    this.#routes = routes;
    this.#text = text;
    return true;
  }
}
