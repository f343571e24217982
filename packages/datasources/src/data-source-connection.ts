import { defineResource, type ResourceDefinition } from "@dataplane/apiserver";
import type { ApiObject } from "@dataplane/meta";
import { type DataSourceGroup, storagePrefix } from "./data-source.js";
import { specOf, textOf } from "./data-source-spec.js";
import { hiddenFrom } from "./hidden.js";

/** What may be queried, without the settings: get and list only. */
export const connectionDefinition = ({ pluginId, group, version }: Pick<DataSourceGroup, "pluginId" | "group" | "version">): ResourceDefinition =>
  defineResource<ApiObject>({
    group,
    version,
    kind: "DataSourceConnection",
    plural: "connections",
    scope: "namespaced",
    description: `DataSourceConnection names a data source of the plugin ${pluginId} that may be queried.`,
    schema: {
      type: "object",
      properties: { title: { type: "string", description: "Name for people." }, plugin: { type: "string", description: "Id of the plugin." } },
    },
    verbs: ["get", "list"],
    nameRule: "pathSegment",
    canonical: false,
    columns: [
      { name: "Title", value: (object) => textOf(object["title"]) },
      { name: "Plugin", value: (object) => textOf(object["plugin"]) },
      { name: "Age", type: "date", value: ({ metadata }) => metadata.creationTimestamp },
    ],
    storage: {
      prefix: storagePrefix,
      includes: (_object, hidden) => hiddenFrom(hidden).pluginID === pluginId,
      project: (object) => connectionOf(object, pluginId),
    },
  });

function connectionOf(object: ApiObject, plugin: string): ApiObject {
  // Annotations and field owners tell of the settings.
  const { managedFields: _managedFields, annotations: _annotations, ...metadata } = object.metadata;
  const { apiVersion, kind } = object;
  return { apiVersion, kind, metadata, title: textOf(specOf(object)["title"]) || metadata.name, plugin };
}
