import { dataPlaneServices, namedQueries } from "@dataplane/aggregator";
import { customResourceDefinitions } from "@dataplane/apiextensions";
import {
  type Authorizer,
  addBuiltinResources,
  addSelfReviews,
  checkRules,
  type ResourceRegistry,
  type ServiceAccountOptions,
  serviceAccounts,
  type TokenReviewOptions,
  tokenReviews,
} from "@dataplane/apiserver";
import { appManifests } from "@dataplane/app-manifests";
import { appSettingsDefinition, type Sealer } from "@dataplane/datasources";
import { apiServices, externalNames } from "@dataplane/kube-aggregator";
import { type RuleResolver, rbacResources } from "@dataplane/rbac";

export interface ServedResourcesOptions extends ServiceAccountOptions, TokenReviewOptions {
  readonly authorizer: Authorizer;
  /** Whose rights are held against those of a role that is written or bound. */
  readonly resolver: RuleResolver;
  /** Of the secrets of apps. */
  readonly sealer: Sealer;
  /** Kinds of workloads as plain data. */
  readonly workloadKinds: boolean;
  readonly dataplaneAggregator: boolean;
  readonly kubernetesAggregator: boolean;
}

/** Adds what this server serves from its start on, plugins aside. The generated documents are made from the same list. */
export function addServedResources(
  registry: ResourceRegistry,
  { authorizer, resolver, sealer, workloadKinds, dataplaneAggregator, kubernetesAggregator, ...identity }: ServedResourcesOptions,
): void {
  addBuiltinResources(registry, { workloadKinds });
  addSelfReviews(registry, authorizer);
  registry.add(tokenReviews(identity));
  registry.add(serviceAccounts(identity));
  registry.add(customResourceDefinitions({ checkRules }));
  for (const definition of rbacResources({ authorizer, resolver })) registry.add(definition);
  registry.add(appSettingsDefinition({ sealer }));
  for (const definition of appManifests) registry.add(definition);
  if (dataplaneAggregator) {
    registry.add(dataPlaneServices);
    registry.add(namedQueries({ authorizer }));
  }
  if (kubernetesAggregator) {
    registry.add(apiServices);
    registry.add(externalNames);
  }
}
