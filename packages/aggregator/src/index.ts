export type { DataSourceContext, PluginContexts } from "./plugin-contexts.js";
export type { PluginCall, PluginRoute, ServiceType } from "./service-types/service-type.js";
// To be written: dataPlaneServices (the declaration), createGrafanaAggregator({ delegate, plugins, contexts, ... }) -> { handler, apiSource, serve, withdraw },
// dataPlaneServiceRegistrationController, dataPlaneServiceAvailability (conditions and events), managedDataPlaneServices (decision 23), legacy handlers (/api/ds/query, ...).
