import { type Column, defineResource, type ResourceDefinition, type StructuralSchema } from "@dataplane/apiserver";
import { type ApiObject, isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";

import { type HiddenParts, hiddenFrom, hiddenOf } from "./hidden.js";
import type { Sealer } from "./sealer.js";
import { openSecureValues, takeSecureValues } from "./secure-values.js";

/** Data sources of every plugin lie together, so that a uid names one data source in its namespace, whatever group it is seen in. */
export const storagePrefix = "/datasources";

const text = (description: string): StructuralSchema => ({ type: "string", description });
const flag = (description: string): StructuralSchema => ({ type: "boolean", description });

const schema: StructuralSchema = {
  type: "object",
  properties: {
    spec: {
      type: "object",
      description: "The settings that the plugin is given.",
      properties: {
        title: text("Name for people."),
        access: { type: "string", enum: ["proxy", "direct"], description: "Kept for Grafana's files; calls always go through this server." },
        isDefault: flag("The one that is meant when none is named; kept, not used."),
        readOnly: flag("Provisioned from a file that says it is not to be edited."),
        url: text("Where the plugin finds its data."),
        user: text("User name at the data source."),
        database: text("Database at the data source."),
        basicAuth: flag("The plugin logs in by basic authentication."),
        basicAuthUser: text("User name for basic authentication; the password is secure.basicAuthPassword."),
        withCredentials: flag("Kept for Grafana's files."),
        jsonData: { type: "object", "x-kubernetes-preserve-unknown-fields": true, description: "What the plugin itself defines." },
      },
    },
    secure: {
      type: "object",
      description: "Secrets by key. Write {create: value}; reading gives {name}; {remove: true} removes.",
      additionalProperties: {
        type: "object",
        properties: {
          create: { type: "string", description: "The secret. Never given back." },
          name: { type: "string", description: "Stands for the value that is kept." },
          remove: { type: "boolean", description: "Removes the value." },
        },
      },
    },
  },
};

const specOf = (object: ApiObject): JsonObject => (isJsonObject(object["spec"]) ? object["spec"] : {});
const textOf = (value: JsonValue | undefined): string => (typeof value === "string" ? value : "");

const columns: readonly Column[] = [
  { name: "Title", value: (object) => textOf(specOf(object)["title"]) },
  { name: "URL", value: (object) => textOf(specOf(object)["url"]) },
  { name: "Default", type: "boolean", priority: 1, value: (object) => specOf(object)["isDefault"] === true },
  { name: "Age", type: "date", value: ({ metadata }) => metadata.creationTimestamp },
];

export interface DataSourceGroup {
  readonly pluginId: string;
  readonly group: string;
  readonly version: string;
  readonly sealer: Sealer;
  /** True in the plugin's own group; elsewhere it is a view of the same objects. */
  readonly canonical: boolean;
}

/** The data sources of one plugin in one group and version. */
export const dataSourceDefinition = ({ pluginId, group, version, sealer, canonical }: DataSourceGroup): ResourceDefinition =>
  defineResource<ApiObject>({
    group,
    version,
    kind: "DataSource",
    plural: "datasources",
    scope: "namespaced",
    categories: ["grafana-datasources"],
    description: `DataSource holds the settings of one data source of the plugin ${pluginId}.`,
    schema,
    nameRule: "pathSegment",
    columns,
    selectableFields: ["spec.title", "spec.url"],
    canonical,
    storage: { prefix: storagePrefix, includes: (_object, hidden) => hiddenFrom(hidden).pluginID === pluginId },
    prepare({ object, old, oldHidden, request, now }) {
      const before = hiddenFrom(oldHidden);
      const taken = takeSecureValues({ object, old, oldSealed: before.secrets, absentStays: request !== "patch", sealer });
      const changed = old === undefined || differs(taken.object, old);
      // The plugin keeps an instance by this time: it moves when, and only when, the settings do.
      const lastUpdated = changed ? Math.max(now.getTime(), before.lastUpdated + 1) : before.lastUpdated;
      return { object: taken.object, hidden: hiddenOf({ pluginID: pluginId, secrets: taken.sealed, lastUpdated }) };
    },
    // The plugin context is read where the data source is canonical, and there alone.
    ...(canonical
      ? {
          computed: [
            {
              name: "plugincontext",
              kind: "PluginContext",
              internal: true,
              get: ({ object, hidden }) => pluginContext(object, hiddenFrom(hidden), { pluginId, sealer }),
            },
          ],
        }
      : {}),
  });

const differs = (next: ApiObject, old: ApiObject): boolean =>
  ["spec", "secure"].some((field) => JSON.stringify(sorted(next[field])) !== JSON.stringify(sorted(old[field])));

/** The same value with fields in the order of their names. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, field]) => [name, sorted(field)]),
  );
}

/** What the data plane needs for a call, secrets opened. Only `system:dataplane` reads it. */
function pluginContext(
  object: ApiObject,
  { secrets, lastUpdated }: HiddenParts,
  { pluginId, sealer }: { readonly pluginId: string; readonly sealer: Sealer },
): ApiObject {
  const spec = specOf(object);
  return {
    apiVersion: object.apiVersion,
    kind: "PluginContext",
    metadata: object.metadata,
    instance: {
      uid: object.metadata.name,
      name: textOf(spec["title"]) || object.metadata.name,
      type: pluginId,
      url: textOf(spec["url"]),
      user: textOf(spec["user"]),
      database: textOf(spec["database"]),
      basicAuthEnabled: spec["basicAuth"] === true,
      basicAuthUser: textOf(spec["basicAuthUser"]),
      jsonData: isJsonObject(spec["jsonData"]) ? spec["jsonData"] : {},
      decryptedSecureJsonData: openSecureValues(object, secrets, sealer),
      lastUpdatedMs: lastUpdated,
    },
  };
}

/** What may be queried, without the settings: get and list only. */
export const connectionDefinition = ({ pluginId, group, version }: Pick<DataSourceGroup, "pluginId" | "group" | "version">): ResourceDefinition =>
  defineResource<ApiObject>({
    group,
    version,
    kind: "DataSourceConnection",
    plural: "connections",
    scope: "namespaced",
    description: `DataSourceConnection names a data source of the plugin ${pluginId} that may be queried.`,
    schema: { type: "object", properties: { title: text("Name for people."), plugin: text("Id of the plugin.") } },
    verbs: ["get", "list"],
    nameRule: "pathSegment",
    canonical: false,
    columns: [
      { name: "Title", value: (object) => textOf(asText(object["title"])) },
      { name: "Plugin", value: (object) => textOf(asText(object["plugin"])) },
      { name: "Age", type: "date", value: ({ metadata }) => metadata.creationTimestamp },
    ],
    storage: {
      prefix: storagePrefix,
      includes: (_object, hidden) => hiddenFrom(hidden).pluginID === pluginId,
      project: (object) => {
        // Annotations and field owners tell of the settings.
        const { managedFields: _managedFields, annotations: _annotations, ...metadata } = object.metadata;
        return {
          apiVersion: object.apiVersion,
          kind: object.kind,
          metadata,
          title: textOf(specOf(object)["title"]) || metadata.name,
          plugin: pluginId,
        };
      },
    },
  });

const asText = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
