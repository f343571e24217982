import type { ApiClient, ResourceRef } from "@dataplane/client";
import { ApiError, type ApiObject, apiVersionOf, type JsonObject } from "@dataplane/meta";
import { ownGroupOf, ownGroupVersion, type PluginSource } from "@dataplane/plugin-host";
import { specOf } from "../data-source-spec.js";
import type { ProvisionedDataSource, ProvisionedDeletion } from "./provisioning-file.js";

/** Marks what a file provisioned, with the file's name. */
const provisionedBy = "dataplane/provisioned-by";
/** Marks what goes when no file lists it any more. */
const prunable = "dataplane/provisioned-prune";

const fieldManager = "provisioning";
const namespacesRef: ResourceRef = { group: "", version: "v1", resource: "namespaces", namespaced: false };

export interface Origin {
  readonly file: string;
  readonly prune: boolean;
}

/** Where a plugin's data sources are; undefined when its id makes no group. */
export function dataSourcesOf(pluginId: string): ResourceRef | undefined {
  const group = ownGroupOf(pluginId);
  return group === undefined ? undefined : { group, version: ownGroupVersion, resource: "datasources", namespaced: true };
}

/** Names one data source among those of all files. */
export const keyOf = ({ namespace, uid }: { readonly namespace: string; readonly uid: string }): string => `${namespace}/${uid}`;

/** The writes that provisioning makes. All throw ApiError. */
export class ProvisionedObjects {
  readonly #client: ApiClient;
  readonly #plugins: PluginSource;

  constructor(client: ApiClient, plugins: PluginSource) {
    this.#client = client;
    this.#plugins = plugins;
  }

  async ensureNamespace(name: string): Promise<void> {
    try {
      await this.#client.create(namespacesRef, { apiVersion: "v1", kind: "Namespace", metadata: { name } }, { fieldManager });
    } catch (thrown) {
      if (ApiError.from(thrown).reason !== "AlreadyExists") throw thrown;
    }
  }

  /** Server-side apply, so that what the file does not name is left as it is; by force, so that the file wins. */
  async apply(resource: ResourceRef, dataSource: ProvisionedDataSource, origin: Origin & { readonly dryRun: boolean }): Promise<void> {
    const { namespace, uid } = dataSource;
    const options = { fieldManager, force: true, dryRun: origin.dryRun };
    await this.#client.patch(resource, { name: uid, namespace }, "application/apply-patch+yaml", manifestOf(resource, dataSource, origin), options);
  }

  /** Of every plugin, by the name for people; those in `kept` stay. */
  async deleteNamed({ name, namespace }: ProvisionedDeletion, kept: ReadonlySet<string>): Promise<void> {
    await this.#deleteWhere((object) => object.metadata.namespace === namespace && specOf(object)["title"] === name && !isIn(kept, object));
  }

  /** Deletes what was provisioned by a file with `prune: true` and is not in `kept`. */
  async prune(kept: ReadonlySet<string>): Promise<void> {
    await this.#deleteWhere((object) => object.metadata.annotations?.[prunable] === "true" && !isIn(kept, object));
  }

  async #deleteWhere(matches: (object: ApiObject) => boolean): Promise<void> {
    for (const { id } of this.#plugins.list()) {
      const resource = dataSourcesOf(id);
      if (resource === undefined) continue;
      for (const { metadata } of (await this.#listed(resource)).filter(matches)) {
        const { name, namespace = "" } = metadata;
        await unlessAbsent(this.#client.delete(resource, { name, namespace }));
      }
    }
  }

  async #listed(resource: ResourceRef): Promise<readonly ApiObject[]> {
    return (await unlessAbsent(this.#client.list(resource)))?.items ?? [];
  }
}

const isIn = (kept: ReadonlySet<string>, { metadata }: ApiObject): boolean =>
  kept.has(keyOf({ namespace: metadata.namespace ?? "", uid: metadata.name }));

/** Undefined for NotFound: the plugin's group is not served, or somebody else was faster. */
async function unlessAbsent<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (thrown) {
    if (ApiError.from(thrown).reason === "NotFound") return undefined;
    throw thrown;
  }
}

function manifestOf(resource: ResourceRef, { namespace, uid, spec, secure }: ProvisionedDataSource, { file, prune }: Origin): JsonObject {
  const secrets = Object.entries(secure).map(([key, value]): [string, JsonObject] => [key, { create: value }]);
  return {
    apiVersion: apiVersionOf(resource),
    kind: "DataSource",
    metadata: { name: uid, namespace, annotations: { [provisionedBy]: file, ...(prune ? { [prunable]: "true" } : {}) } },
    spec,
    ...(secrets.length === 0 ? {} : { secure: Object.fromEntries(secrets) }),
  };
}
