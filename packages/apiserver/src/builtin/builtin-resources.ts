import { webhookConfigurations } from "../admission/webhooks/webhook-configurations.js";
import type { ResourceRegistry } from "../registry.js";
import { configMaps } from "./config-maps.js";
import { coreEvents, events } from "./events.js";
import { leases } from "./leases.js";
import { namespaces } from "./namespaces.js";
import { secrets } from "./secrets.js";
import { services } from "./services.js";
import { workloadKinds } from "./workload-kinds.js";

export interface BuiltinResourcesOptions {
  /** Pods, Deployments and the like, as plain data. False unless told. */
  readonly workloadKinds?: boolean;
}

/** Adds the kinds that any client expects of a Kubernetes-style server. */
export function addBuiltinResources(registry: ResourceRegistry, options: BuiltinResourcesOptions = {}): void {
  registry.add(namespaces);
  registry.add(configMaps);
  registry.add(secrets);
  registry.add(services);
  registry.add(coreEvents);
  registry.add(events);
  registry.add(leases);
  for (const definition of webhookConfigurations) registry.add(definition);
  if (options.workloadKinds === true) for (const definition of workloadKinds()) registry.add(definition);
}
