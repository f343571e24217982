import { type Column, defineResource, type ResourceDefinition } from "@dataplane/apiserver";
import type { ApiObject, Cause } from "@dataplane/meta";
import { pluginLabel } from "./access/plugin-label.js";
import { appManifestSchema } from "./app-manifest-schema.js";
import { type ManifestSpec, manifestSpecFrom } from "./app-manifest-spec.js";
import { conditionsIn } from "./app-manifest-status.js";
import { kindCauses } from "./validation/kinds.js";
import { nameCauses } from "./validation/names.js";
import { roleCauses } from "./validation/roles.js";
import { routeCauses } from "./validation/routes.js";
import { schemaCauses } from "./validation/schemas.js";

const column = (name: string, value: (spec: ManifestSpec) => string): Column => ({ name, value: (object) => value(manifestSpecFrom(object)) });

const columns: readonly Column[] = [
  column("App", ({ appName }) => appName),
  column("Group", ({ group }) => group),
  column("Versions", ({ versions }) => versions.map(({ name }) => name).join(",")),
  column("Kinds", ({ versions }) => [...new Set(versions.flatMap(({ kinds }) => kinds.map(({ kind }) => kind)))].join(",")),
  { name: "Plugin", value: ({ metadata }) => metadata.labels?.[pluginLabel] ?? "" },
  { name: "Served", value: (manifest) => conditionsIn(manifest).find(({ type }) => type === "KindsServed")?.status ?? "Unknown" },
  { name: "Reason", priority: 1, value: (manifest) => conditionsIn(manifest).find(({ type }) => type === "KindsServed")?.reason ?? "" },
  { name: "Age", type: "date", value: ({ metadata }) => metadata.creationTimestamp },
];

/** What the schema of an AppManifest cannot say. */
export function appManifestCauses(object: ApiObject, old: ApiObject | undefined): readonly Cause[] {
  const spec = manifestSpecFrom(object);
  const before = old === undefined ? undefined : manifestSpecFrom(old);
  const causes = [...nameCauses(spec, before), ...kindCauses(spec), ...routeCauses(spec), ...roleCauses(spec)];
  // Schemas are read by the names of kinds and versions: those come first.
  return causes.length > 0 ? causes : schemaCauses(spec, before);
}

const declaredIn = (version: string, canonical: boolean): ResourceDefinition =>
  defineResource<ApiObject>({
    group: "apps.grafana.app",
    version,
    kind: "AppManifest",
    plural: "appmanifests",
    categories: ["grafana-plugins"],
    scope: "cluster",
    description: "AppManifest says what an app adds to the API: its group, versions, kinds, custom routes and roles.",
    schema: appManifestSchema,
    hasStatus: true,
    nameRule: "dnsSubdomain",
    columns,
    selectableFields: ["spec.group", "spec.appName"],
    validate: appManifestCauses,
    canonical,
  });

/** AppManifest in each of its versions: one object, seen under two names. */
export const appManifests: readonly ResourceDefinition[] = [declaredIn("v1alpha2", true), declaredIn("v1alpha1", false)];
