import type { ResourceRef } from "@dataplane/client";
import type { ApiObject } from "@dataplane/meta";
import type { components } from "./gen/types.js";

type Fields = components["schemas"];

/** Binds one plugin, or a server over HTTP, to one group and version of the API (`aggregation.grafana.app/v0alpha1`). */
export interface DataPlaneService extends ApiObject {
  readonly spec: Fields["DataPlaneService"]["spec"];
  readonly status?: NonNullable<Fields["DataPlaneService"]["status"]>;
}

/** The settings of one data source of a plugin, in each group that the plugin is served in. */
export interface DataSource extends ApiObject {
  readonly spec?: NonNullable<Fields["DataSource"]["spec"]>;
  /** Keys of secrets: `{create}` on the way in, `{name}` on the way out. */
  readonly secure?: NonNullable<Fields["DataSource"]["secure"]>;
}

export const dataPlaneServicesRef: ResourceRef = {
  group: "aggregation.grafana.app",
  version: "v0alpha1",
  resource: "dataplaneservices",
  namespaced: false,
};

/** Data sources as one group and version shows them, such as `prometheus.datasource.grafana.app/v0alpha1`. */
export const dataSourcesRef = (group: string, version = "v0alpha1"): ResourceRef => ({ group, version, resource: "datasources", namespaced: true });
