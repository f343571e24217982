export { type Clientset, createClientset } from "./clientset.js";
export { type DataPlaneService, type DataSource, dataPlaneServicesRef, dataSourcesRef } from "./kinds.js";
export { type TypedClient, typedClient } from "./typed-client.js";
