export { type ApiService, apiServiceFrom, apiServices, apiServicesRef, automanagedLabel } from "./apiservice.js";
export { type AutoregisterController, type AutoregisterOptions, autoregisterController } from "./autoregister-controller.js";
export { type AvailabilityOptions, apiServiceAvailabilityController } from "./availability-controller.js";
export { createKubeAggregator, type KubeAggregator, type KubeAggregatorOptions } from "./kube-aggregator.js";
