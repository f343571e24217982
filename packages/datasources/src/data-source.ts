import { type Column, type ComputedSubresource, defineResource, type ResourceDefinition, type StructuralSchema } from "@dataplane/apiserver";
import type { ApiObject } from "@dataplane/meta";
import { specOf, textOf } from "./data-source-spec.js";
import { hiddenFrom, hiddenOf } from "./hidden.js";
import { pluginContext } from "./plugin-context.js";
import type { Sealer } from "./sealer.js";
import { secureSchema } from "./secure-schema.js";
import { takeSecureValues } from "./secure-values.js";
import { settingsTime } from "./settings-time.js";
import { uidProblems } from "./uid.js";

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
    secure: secureSchema,
  },
};

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
      const lastUpdated = settingsTime({ object: taken.object, old, before: before.lastUpdated, now });
      return { object: taken.object, hidden: hiddenOf({ pluginID: pluginId, secrets: taken.sealed, lastUpdated }) };
    },
    validate: uidProblems,
    // The plugin context is read where the data source is canonical, and there alone.
    ...(canonical ? { computed: [pluginContextOf({ pluginId, sealer })] } : {}),
  });

const pluginContextOf = ({ pluginId, sealer }: Pick<DataSourceGroup, "pluginId" | "sealer">): ComputedSubresource<ApiObject> => ({
  name: "plugincontext",
  kind: "PluginContext",
  internal: true,
  get: ({ object, hidden }) => pluginContext(object, hiddenFrom(hidden), { pluginId, sealer }),
});
