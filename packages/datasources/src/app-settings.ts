import { type Column, defineResource, type ResourceDefinition, type StructuralSchema } from "@dataplane/apiserver";
import { type ApiObject, isJsonObject } from "@dataplane/meta";
import { specOf } from "./data-source-spec.js";
import { hiddenFrom, hiddenOf } from "./hidden.js";
import type { Sealer } from "./sealer.js";
import { secureSchema } from "./secure-schema.js";
import { openSecureValues, takeSecureValues } from "./secure-values.js";
import { settingsTime } from "./settings-time.js";
import { uidProblems } from "./uid.js";

const schema: StructuralSchema = {
  type: "object",
  properties: {
    spec: {
      type: "object",
      description: "How the app runs in this namespace.",
      properties: {
        enabled: { type: "boolean", default: true, description: "Switched off with false: its health, routes and streams then answer 404." },
        pinned: { type: "boolean", description: "Kept for Grafana's navigation." },
        jsonData: { type: "object", "x-kubernetes-preserve-unknown-fields": true, description: "What the plugin itself defines." },
      },
    },
    secure: secureSchema,
  },
};

const columns: readonly Column[] = [
  { name: "Enabled", type: "boolean", value: (object) => isEnabled(object) },
  { name: "Age", type: "date", value: ({ metadata }) => metadata.creationTimestamp },
];

const isEnabled = (object: ApiObject): boolean => specOf(object)["enabled"] !== false;

/** The settings of apps, one object for each app in each namespace, named as the plugin. */
export const appSettingsDefinition = ({ sealer }: { readonly sealer: Sealer }): ResourceDefinition =>
  defineResource<ApiObject>({
    group: "apps.grafana.app",
    version: "v0alpha1",
    kind: "AppSettings",
    plural: "appsettings",
    singular: "appsettings",
    scope: "namespaced",
    categories: ["grafana-plugins"],
    description: "AppSettings holds the settings of one app plugin in one namespace. Its name is the plugin's id.",
    schema,
    nameRule: "pathSegment",
    columns,
    prepare({ object, old, oldHidden, request, now }) {
      const before = hiddenFrom(oldHidden);
      const taken = takeSecureValues({ object, old, oldSealed: before.secrets, absentStays: request !== "patch", sealer });
      const lastUpdated = settingsTime({ object: taken.object, old, before: before.lastUpdated, now });
      return { object: taken.object, hidden: hiddenOf({ pluginID: object.metadata.name, secrets: taken.sealed, lastUpdated }) };
    },
    validate: uidProblems,
    computed: [
      {
        name: "plugincontext",
        kind: "PluginContext",
        internal: true,
        get: ({ object, hidden }) => {
          const { secrets, lastUpdated } = hiddenFrom(hidden);
          const { jsonData } = specOf(object);
          return {
            apiVersion: object.apiVersion,
            kind: "PluginContext",
            metadata: object.metadata,
            app: {
              enabled: isEnabled(object),
              jsonData: isJsonObject(jsonData) ? jsonData : {},
              decryptedSecureJsonData: openSecureValues(object, secrets, sealer),
              lastUpdatedMs: lastUpdated,
            },
          };
        },
      },
    ],
  });
