import type { ApiObject, JsonObject } from "@dataplane/meta";
import type { DataPlaneServiceEntry } from "../dataplaneservice.js";

export interface DataPlaneServiceParts {
  readonly plugin: string;
  readonly pluginType?: string;
  readonly name?: string;
  /** `<plugin>.grafana.app` unless told. */
  readonly group?: string;
  readonly version?: string;
  readonly serves?: readonly (string | DataPlaneServiceEntry)[];
  readonly created?: string;
  readonly spec?: JsonObject;
}

/** A DataPlaneService as a client would send it, or as it would be stored when `created` is told. */
export function aDataPlaneService(parts: DataPlaneServiceParts): ApiObject {
  const { plugin, pluginType = "datasource", group = `${plugin}.grafana.app`, version = "v0alpha1", serves = ["query"], created } = parts;
  const services = serves.map((entry): JsonObject => (typeof entry === "string" ? { type: entry } : { ...entry }));
  return {
    apiVersion: "aggregation.grafana.app/v0alpha1",
    kind: "DataPlaneService",
    metadata: { name: parts.name ?? `${version}.${group}`, ...(created === undefined ? {} : { creationTimestamp: created }) },
    spec: { pluginID: plugin, pluginType, group, version, services, ...parts.spec },
  };
}
