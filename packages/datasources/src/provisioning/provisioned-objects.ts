import type { ApiClient, ResourceRef } from "@dataplane/client";
import { ApiError, type ApiObject, apiVersionOf, type JsonObject } from "@dataplane/meta";
import type { PluginSource } from "@dataplane/plugin-host";
import { specOf } from "../data-source-spec.js";
import type { ProvisionedDeletion, ProvisionedEntry, ProvisionedKind } from "./provisioned-kind.js";

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

/** Names one object among those of all files. */
export const keyOf = ({ namespace, name }: { readonly namespace: string; readonly name: string }): string => `${namespace}/${name}`;

/** The writes that provisioning makes. All throw ApiError. */
export class ProvisionedObjects {
  readonly #client: ApiClient;
  readonly #plugins: PluginSource;
  readonly #kind: ProvisionedKind;

  constructor({ client, plugins, kind }: { readonly client: ApiClient; readonly plugins: PluginSource; readonly kind: ProvisionedKind }) {
    this.#client = client;
    this.#plugins = plugins;
    this.#kind = kind;
  }

  async ensureNamespace(name: string): Promise<void> {
    try {
      await this.#client.create(namespacesRef, { apiVersion: "v1", kind: "Namespace", metadata: { name } }, { fieldManager });
    } catch (thrown) {
      if (ApiError.from(thrown).reason !== "AlreadyExists") throw thrown;
    }
  }

  /** Server-side apply, so that what the file does not name is left as it is; by force, so that the file wins. */
  async apply(resource: ResourceRef, entry: ProvisionedEntry, origin: Origin & { readonly dryRun: boolean }): Promise<void> {
    const { namespace, name } = entry;
    const manifest = manifestOf(this.#kind.kind, resource, { entry, origin });
    const options = { fieldManager, force: true, dryRun: origin.dryRun };
    await this.#client.patch(resource, { name, namespace }, "application/apply-patch+yaml", manifest, options);
  }

  /** Of every plugin, by the title; those in `kept` stay. */
  async deleteNamed({ name, namespace }: ProvisionedDeletion, kept: ReadonlySet<string>): Promise<void> {
    await this.#deleteWhere((object) => object.metadata.namespace === namespace && specOf(object)["title"] === name && !isIn(kept, object));
  }

  /** Deletes what was provisioned by a file with `prune: true`, one that `judges`, and is not in `kept`. */
  async prune(kept: ReadonlySet<string>, judges: (file: string) => boolean): Promise<void> {
    const isJudged = ({ metadata }: ApiObject): boolean => judges(metadata.annotations?.[provisionedBy] ?? "");
    await this.#deleteWhere((object) => object.metadata.annotations?.[prunable] === "true" && !isIn(kept, object) && isJudged(object));
  }

  async #deleteWhere(matches: (object: ApiObject) => boolean): Promise<void> {
    for (const resource of this.#kind.resources(this.#plugins)) {
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
  kept.has(keyOf({ namespace: metadata.namespace ?? "", name: metadata.name }));

/** Undefined for NotFound: the plugin's group is not served, or somebody else was faster. */
async function unlessAbsent<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (thrown) {
    if (ApiError.from(thrown).reason === "NotFound") return undefined;
    throw thrown;
  }
}

function manifestOf(
  kind: string,
  resource: ResourceRef,
  { entry: { namespace, name, spec, secure }, origin: { file, prune } }: { readonly entry: ProvisionedEntry; readonly origin: Origin },
): JsonObject {
  const secrets = Object.entries(secure).map(([key, value]): [string, JsonObject] => [key, { create: value }]);
  return {
    apiVersion: apiVersionOf(resource),
    kind,
    metadata: { name, namespace, annotations: { [provisionedBy]: file, ...(prune ? { [prunable]: "true" } : {}) } },
    spec,
    ...(secrets.length === 0 ? {} : { secure: Object.fromEntries(secrets) }),
  };
}
