import { dataPlaneServices, namedQueries } from "@dataplane/aggregator";
import { type Authorizer, addBuiltinResources, addSelfReviews, type ResourceRegistry } from "@dataplane/apiserver";
import { appManifests } from "@dataplane/app-manifests";
import { appSettingsDefinition, type Sealer } from "@dataplane/datasources";
import { apiServices } from "@dataplane/kube-aggregator";

export interface ServedResourcesOptions {
  readonly authorizer: Authorizer;
  /** Of the secrets of apps. */
  readonly sealer: Sealer;
  readonly dataplaneAggregator: boolean;
  readonly kubernetesAggregator: boolean;
}

/** Adds what this server serves from its start on, plugins aside. The generated documents are made from the same list. */
export function addServedResources(
  registry: ResourceRegistry,
  { authorizer, sealer, dataplaneAggregator, kubernetesAggregator }: ServedResourcesOptions,
): void {
  addBuiltinResources(registry);
  addSelfReviews(registry, authorizer);
  registry.add(appSettingsDefinition({ sealer }));
  for (const definition of appManifests) registry.add(definition);
  if (dataplaneAggregator) {
    registry.add(dataPlaneServices);
    registry.add(namedQueries({ authorizer }));
  }
  if (kubernetesAggregator) registry.add(apiServices);
}
