// For the composition root.

export {
  type AvailabilityController,
  type AvailabilityControllerOptions,
  dataPlaneServiceAvailabilityController,
} from "./dataplaneservice-availability-controller.js";
export {
  dataPlaneServiceRegistrationController,
  type RegistrationController,
  type RegistrationControllerOptions,
} from "./dataplaneservice-registration-controller.js";
export { createGrafanaAggregator, type GrafanaAggregator, type GrafanaAggregatorOptions } from "./grafana-aggregator.js";
export { admissionByReview, type ReviewPeer } from "./hook-reviews/admission-by-review.js";
export { type HookReviewsOptions, hookReviewsHandler } from "./hook-reviews/hook-reviews-handler.js";
export { type HooksByReviewOptions, hooksByReview } from "./hook-reviews/hooks-by-review.js";
export { type BackendProbes, type BackendProbesOptions, createBackendProbes } from "./http-backend/backend-probes.js";
export { isLegacyCall, type LegacyOptions, legacyHandler } from "./legacy/legacy-handler.js";
export { channelName, type LiveChannel, parseChannel } from "./live/centrifuge/channel-name.js";
export { Live, type LiveOptions, type LiveSettings } from "./live/centrifuge/live.js";
export type { FanOut } from "./live/centrifuge/local-channels.js";
export type { ChannelOwner, ChannelOwners } from "./live/channel-owners.js";
export type {
  ChannelKey,
  ChannelState,
  PublishRequest,
  StreamChannels,
  StreamEnd,
  StreamMessage,
  StreamPosition,
  SubscribeRequest,
  Subscription,
} from "./live/channels.js";
export { createStreamChannels, type StreamChannelsOptions, type StreamLimits } from "./live/stream-channels.js";
export { type ManagedServicesOptions, managedDataPlaneServicesController, managedService } from "./managed-services-controller.js";
export { ManifestRouteTable } from "./manifest-routes/manifest-route-table.js";
export {
  appManifestsRef,
  type ManifestRoutesController,
  type ManifestRoutesControllerOptions,
  manifestRoutesController,
} from "./manifest-routes/manifest-routes-controller.js";
export { meteredPlugins } from "./metered-plugins.js";
export { namedQueries } from "./named-queries/named-query-definition.js";
export { namedQueryReader } from "./named-queries/run-named-query.js";
export type { ObjectHooks } from "./object-hooks.js";
export { type AddressRules, parseAddressRules } from "./outbound/address-rules.js";
export { type DestinationRules, defaultRules, type UrlAuthor } from "./outbound/destination-rules.js";
export { createOutbound, type Outbound, type OutboundOptions, type OutboundRoute, type OutboundTls } from "./outbound/outbound.js";
export { pluginAdmission } from "./plugin-admission.js";
export { type PluginAppHooksOptions, pluginAppHooks } from "./plugin-app-hooks.js";
export { type PluginCallMetrics, pluginCallMetrics } from "./plugin-call-metrics.js";
export { type PluginConfigOptions, pluginConfig } from "./plugin-config.js";
export { createPluginContextsClient, type PluginContextsClient, type PluginContextsClientOptions } from "./plugin-contexts-client.js";
export { type PluginConversionOptions, pluginConversion } from "./plugin-conversion.js";
export type { PluginHandlerOptions } from "./plugin-handler.js";
export type { PluginHooksOptions } from "./plugin-hook-context.js";
export { type PluginRestartOptions, pluginRestartHandler } from "./plugin-restart.js";
export { registryResources } from "./registry-resources.js";

// For those who read DataPlaneServices.

export {
  aggregationGroup,
  type DataPlaneService,
  type DataPlaneServiceEntry,
  type DataPlaneServiceSpec,
  dataPlaneServiceFrom,
  dataPlaneServices,
  type HttpBackend,
  managedLabel,
} from "./dataplaneservice.js";
export type { Conflict, StoredResources } from "./route-conflicts.js";

// For those who read AppManifests.

export { type DeclaredOperation, declaredOperations } from "./manifest-routes/path-item.js";
export { parsePathPattern } from "./path-pattern.js";
export { isDataPlanePath } from "./service-types/data-plane-paths.js";

// For authors of service types.

export type { AppHooks } from "./app-hooks.js";
export type { CallGuard, CallTarget } from "./call-guard.js";
export { type CallGuardOptions, createCallGuard } from "./guard/create-call-guard.js";
export type { StartLimit } from "./guard/start-limits.js";
export type { CallContext, DataSourceContext, PluginContexts } from "./plugin-contexts.js";
export { QuerySharing, type QuerySharingOptions } from "./query-cache/query-sharing.js";
export type { SharingDefaults } from "./query-cache/sharing-policy.js";
export { type ServiceTypeName, serviceTypeNames } from "./service-types/names.js";
export type { BoundPlugin, CallLimits, PluginCall, PluginRoute, ServiceEntry, ServiceType } from "./service-types/service-type.js";
