import type { ApiClient } from "@dataplane/client";
import { type DataPlaneService, type DataSource, dataPlaneServicesRef, dataSourcesRef } from "./kinds.js";
import { type TypedClient, typedClient } from "./typed-client.js";

/** Typed clients of the project's own resources, over any ApiClient: in process, or `createHttpClient` from anywhere. */
export interface Clientset {
  readonly dataPlaneServices: TypedClient<DataPlaneService>;
  /** Of one group: a plugin's own, or one that a DataPlaneService binds to it. */
  dataSources(group: string, version?: string): TypedClient<DataSource>;
}

export const createClientset = (client: ApiClient): Clientset => ({
  dataPlaneServices: typedClient<DataPlaneService>(client, dataPlaneServicesRef),
  dataSources: (group, version) => typedClient<DataSource>(client, dataSourcesRef(group, version)),
});
