import type { ResourceRegistry } from "@dataplane/apiserver";
import type { StoredResources } from "./route-conflicts.js";

/** What is stored, as a registry in this process says; `isRemote` is the kube-aggregator's answer. */
export function registryResources(registry: ResourceRegistry, isRemote: StoredResources["isRemote"]): StoredResources {
  let seen = -1;
  let groups: ReadonlySet<string> = new Set();
  return {
    hasGroup: (group) => {
      if (seen !== registry.generation) {
        groups = new Set(registry.list().map((definition) => definition.group));
        seen = registry.generation;
      }
      return groups.has(group);
    },
    hasResource: (group, version, plural) => registry.get(group, version, plural) !== undefined,
    hasSubresource: (group, version, plural, subresource) => {
      const { hasStatus = false, computed = [] } = registry.get(group, version, plural) ?? {};
      return (hasStatus && subresource === "status") || computed.some(({ name }) => name === subresource);
    },
    isRemote,
  };
}
