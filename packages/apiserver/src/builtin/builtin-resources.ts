import type { ResourceRegistry } from "../registry.js";
import { coreEvents, events } from "./events.js";
import { leases } from "./leases.js";
import { namespaces } from "./namespaces.js";

/** Adds the kinds that any client expects of a Kubernetes-style server. */
export function addBuiltinResources(registry: ResourceRegistry): void {
  registry.add(namespaces);
  registry.add(coreEvents);
  registry.add(events);
  registry.add(leases);
}
