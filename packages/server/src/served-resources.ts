import { dataPlaneServices } from "@dataplane/aggregator";
import { type Authorizer, addBuiltinResources, addSelfReviews, type ResourceRegistry } from "@dataplane/apiserver";
import { apiServices } from "@dataplane/kube-aggregator";

export interface ServedResourcesOptions {
  readonly authorizer: Authorizer;
  readonly dataplaneAggregator: boolean;
  readonly kubernetesAggregator: boolean;
}

/** Adds what this server serves from its start on, plugins aside. The generated documents are made from the same list. */
export function addServedResources(
  registry: ResourceRegistry,
  { authorizer, dataplaneAggregator, kubernetesAggregator }: ServedResourcesOptions,
): void {
  addBuiltinResources(registry);
  addSelfReviews(registry, authorizer);
  if (dataplaneAggregator) registry.add(dataPlaneServices);
  if (kubernetesAggregator) registry.add(apiServices);
}
