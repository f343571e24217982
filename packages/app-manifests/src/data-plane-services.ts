import { isDeepStrictEqual } from "node:util";
import { managedLabel } from "@dataplane/aggregator";
import type { ApiClient } from "@dataplane/client";
import { dataPlaneServicesRef } from "@dataplane/clientset";
import { type ApiObject, apiVersionOf, type JsonObject, tolerating } from "@dataplane/meta";
import type { ManifestSpec, ManifestVersion } from "./app-manifest-spec.js";
import { servicesAnnotation } from "./disk/disk-labels.js";

const fieldManager = "dataplane-app-manifests";
const resourceRoutes = { app: "resources/*", datasource: "datasources/{uid}/resources/*" } as const;

export interface ManifestPlugin {
  readonly id: string;
  readonly type: keyof typeof resourceRoutes;
}

/** The DataPlaneServices of a manifest: one a served version that has something to serve, in the plugin's name. */
export function manifestServices(manifest: ApiObject, spec: ManifestSpec, plugin: ManifestPlugin): readonly ApiObject[] {
  const declared = (manifest.metadata.annotations?.[servicesAnnotation] ?? "").split(",").filter((it) => it !== "");
  return spec.versions.flatMap((version) => {
    const entries = entriesOf(version, declared, resourceRoutes[plugin.type]);
    if (!version.served || entries.length === 0) return [];
    const owner = { apiVersion: manifest.apiVersion, kind: manifest.kind, name: manifest.metadata.name, uid: manifest.metadata.uid ?? "" };
    return [
      {
        apiVersion: apiVersionOf(dataPlaneServicesRef),
        kind: "DataPlaneService",
        metadata: {
          name: `${version.name}.${spec.group}`,
          labels: { [managedLabel]: "true" },
          ownerReferences: [{ ...owner, controller: true }],
        },
        spec: { pluginID: plugin.id, pluginType: plugin.type, group: spec.group, version: version.name, services: entries },
      },
    ];
  });
}

/** Hooks of kinds alone make no service; where there is one for another reason, it lists them. */
function entriesOf({ kinds, routes }: ManifestVersion, declared: readonly string[], path: string): readonly JsonObject[] {
  const hasRoutes = [routes.namespaced, routes.cluster, ...kinds.map((kind) => kind.routes)].some((items) => Object.keys(items).length > 0);
  const reasons: readonly JsonObject[] = [...(hasRoutes ? [{ type: "route", path }] : []), ...declared.map((type) => ({ type }))];
  if (reasons.length === 0) return [];
  const isAsked = kinds.some(({ admission }) => admission.validation.length + admission.mutation.length > 0);
  return [...reasons, ...(isAsked ? [{ type: "admission" }] : []), ...(kinds.some(({ conversion }) => conversion) ? [{ type: "conversion" }] : [])];
}

/**
 * Makes the stored services of a manifest those that are wanted; what somebody else made of such a name is left alone. `stored` are all
 * DataPlaneServices.
 */
export async function keepServices(
  client: ApiClient,
  owner: string | undefined,
  { wanted, stored }: { readonly wanted: readonly ApiObject[]; readonly stored: readonly ApiObject[] },
  signal: AbortSignal,
): Promise<void> {
  const byName = new Map(stored.map((it) => [it.metadata.name, it]));
  for (const it of wanted) {
    const { name } = it.metadata;
    const found = byName.get(name);
    if (found === undefined) await tolerating(client.create(dataPlaneServicesRef, it, { fieldManager }, signal), "AlreadyExists");
    else if (ownerOf(found) === owner && !isDeepStrictEqual(found["spec"], it["spec"])) {
      const patch = { spec: it["spec"] as JsonObject };
      await tolerating(client.patch(dataPlaneServicesRef, { name }, "application/merge-patch+json", patch, { fieldManager }, signal), "NotFound");
    }
  }
  const names = new Set(wanted.map(({ metadata }) => metadata.name));
  for (const it of stored) {
    if (owner === undefined || ownerOf(it) !== owner || names.has(it.metadata.name)) continue;
    await tolerating(client.delete(dataPlaneServicesRef, { name: it.metadata.name }, signal), "NotFound");
  }
}

const ownerOf = ({ metadata }: ApiObject): string | undefined =>
  metadata.ownerReferences?.find(({ kind, controller }) => kind === "AppManifest" && controller === true)?.uid;
