import type { HealthCheck } from "./health-endpoints.js";

/** What has to have happened before a check of kube-apiserver's would pass. */
export type Stage = "begun" | "storeIsRead" | "bootstrapped" | "definitionsAreServed" | "apiServicesAreRead";

/**
 * The checks of kube-apiserver by the stage of our start that does the same, so that probes and alerts written for it find them. Some
 * prepare what has no counterpart here, and have nothing to wait for.
 */
const stages: Readonly<Record<string, Stage>> = {
  log: "begun",
  etcd: "storeIsRead",
  "poststarthook/start-apiserver-admission-initializer": "storeIsRead",
  "poststarthook/generic-apiserver-start-informers": "storeIsRead",
  "poststarthook/storage-readiness": "storeIsRead",
  "poststarthook/start-apiextensions-informers": "definitionsAreServed",
  "poststarthook/start-apiextensions-controllers": "definitionsAreServed",
  "poststarthook/crd-informer-synced": "definitionsAreServed",
  "poststarthook/bootstrap-controller": "bootstrapped",
  "poststarthook/start-system-namespaces-controller": "bootstrapped",
  "poststarthook/rbac/bootstrap-roles": "bootstrapped",
  "poststarthook/start-service-ip-repair-controllers": "begun",
  "poststarthook/scheduling/bootstrap-system-priority-classes": "begun",
  "poststarthook/start-cluster-authentication-info-controller": "bootstrapped",
  "poststarthook/start-kube-aggregator-informers": "apiServicesAreRead",
  "poststarthook/apiservice-registration-controller": "apiServicesAreRead",
  "poststarthook/apiservice-status-local-available-controller": "apiServicesAreRead",
  "poststarthook/apiservice-status-remote-available-controller": "apiServicesAreRead",
  "poststarthook/kube-apiserver-autoregistration": "apiServicesAreRead",
  "autoregister-completion": "apiServicesAreRead",
  "poststarthook/apiservice-openapi-controller": "apiServicesAreRead",
};

/** For readyz: each waits for its stage, and `etcd`, which is Kubernetes' name for the store, for a store that can be read and written. */
export const kubernetesReadyChecks = (isDone: (stage: Stage) => boolean, problemOfStore: () => string | undefined): readonly HealthCheck[] =>
  Object.entries({ ...stages, "informer-sync": "storeIsRead" as const }).map(([name, stage]) => ({
    name,
    problem() {
      if (!isDone(stage)) return "not yet";
      return name === "etcd" ? problemOfStore() : undefined;
    },
  }));

/** For livez, which gives a start all the time that it takes: restarting a server that starts would not make it faster. */
export const kubernetesLiveChecks: readonly HealthCheck[] = Object.keys(stages).map((name) => ({ name, problem: () => undefined }));
