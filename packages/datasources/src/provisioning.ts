import { watch } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import type { ApiClient, ResourceRef } from "@dataplane/client";
import { ApiError, type ApiObject, apiVersionOf, type Clock, type JsonObject, type Logger } from "@dataplane/meta";
import { ownGroupOf, ownGroupVersion } from "@dataplane/plugin-host";
import { type ProvisionedDataSource, type ProvisioningFile, parseProvisioningFile } from "./provisioning-file.js";

export interface ProvisioningOptions {
  /** `<provisioning>/datasources`; its `*.yaml` and `*.yml` are read. A missing folder is an empty one. */
  readonly directory: string;
  readonly client: ApiClient;
  readonly env: NodeJS.ProcessEnv;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Keeps the data sources of Grafana's provisioning files applied: at start, and when the folder changes. */
export interface Provisioning {
  /** Reads and applies all files once. A broken file changes nothing of it and is told in one line of the log. */
  apply(): Promise<void>;
  /** Applies again when the folder changes, and what could not be applied yet (a plugin that came later); until `signal` aborts. */
  run(signal: AbortSignal): Promise<void>;
}

/** Marks what a file provisioned, with the file's name: only that is pruned. */
const provisionedBy = "dataplane/provisioned-by";
const writer = { fieldManager: "provisioning", force: true };
const settleMs = 250;
const retryMs = 5_000;

const namespaces: ResourceRef = { group: "", version: "v1", resource: "namespaces", namespaced: false };

export function createProvisioning(options: ProvisioningOptions): Provisioning {
  const { directory, clock, logger } = options;
  let incomplete = false;

  const apply = async (): Promise<void> => {
    incomplete = false;
    for (const file of await filesIn(directory)) {
      try {
        const content = parseProvisioningFile(await readFile(path.join(directory, file), "utf8"), options.env);
        if (!(await applyFile(file, content, options))) incomplete = true;
      } catch (error) {
        logger.error(
          { file, why: error instanceof Error ? error.message : String(error) },
          "a provisioning file cannot be used; nothing of it was changed",
        );
      }
    }
  };

  return {
    apply,
    async run(signal) {
      const folder = new FolderWatch(directory, signal);
      for await (const _change of folder.changes(() => (incomplete ? clock.sleep(retryMs, signal) : undefined))) {
        // Editors write in steps: one look after the last of them.
        await clock.sleep(settleMs, signal).catch(() => undefined);
        await apply();
      }
    },
  };
}

async function filesIn(directory: string): Promise<readonly string[]> {
  try {
    return (await readdir(directory)).filter((name) => /\.ya?ml$/.test(name)).sort();
  } catch {
    return [];
  }
}

/** Tells of changes in a folder; those that come close together are one. */
class FolderWatch {
  readonly #signal: AbortSignal;
  #changed = later();

  constructor(directory: string, signal: AbortSignal) {
    this.#signal = signal;
    const tell = (): void => this.#changed.resolve();
    signal.addEventListener("abort", tell, { once: true });
    try {
      watch(directory, { signal }, tell).on("error", () => undefined);
    } catch {
      // The folder is not there: nothing to watch.
    }
  }

  /** Yields after each change, or when the promise that `timer` gave resolves first; ends when the signal aborts. */
  async *changes(timer: () => Promise<void> | undefined): AsyncGenerator<undefined> {
    while (await this.#next(timer())) yield undefined;
  }

  async #next(timer: Promise<void> | undefined): Promise<boolean> {
    if (!this.#signal.aborted) await Promise.race([this.#changed.promise, ...(timer === undefined ? [] : [timer.catch(() => undefined)])]);
    this.#changed = later();
    return !this.#signal.aborted;
  }
}

interface Later {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
}

function later(): Later {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve: () => resolve() };
}

/** False when something of the file has to wait: its plugin is not here. */
async function applyFile(file: string, { dataSources, deletions, prune }: ProvisioningFile, options: ProvisioningOptions): Promise<boolean> {
  for (const { name, namespace } of deletions) await removeNamed(name, namespace, options, dataSources);
  let complete = true;
  for (const dataSource of dataSources) if (!(await applyOne(file, dataSource, options))) complete = false;
  if (prune) await pruneOthers(file, dataSources, options);
  return complete;
}

const refOf = (pluginId: string): ResourceRef | undefined => {
  const group = ownGroupOf(pluginId);
  return group === undefined ? undefined : { group, version: ownGroupVersion, resource: "datasources", namespaced: true };
};

async function applyOne(file: string, dataSource: ProvisionedDataSource, { client, logger }: ProvisioningOptions): Promise<boolean> {
  const { pluginId, namespace, uid, spec, secure } = dataSource;
  const ref = refOf(pluginId);
  if (ref === undefined) {
    logger.warn({ file, uid, plugin: pluginId }, "a data source was not provisioned: its plugin's id makes no API group");
    return true;
  }
  const values = Object.entries(secure).map(([key, value]): [string, JsonObject] => [key, { create: value }]);
  const object: ApiObject = {
    apiVersion: apiVersionOf(ref),
    kind: "DataSource",
    metadata: { name: uid, namespace, annotations: { [provisionedBy]: file } },
    spec,
    ...(values.length === 0 ? {} : { secure: Object.fromEntries(values) }),
  };
  try {
    await ensureNamespace(namespace, client);
    await client.patch(ref, { name: uid, namespace }, "application/apply-patch+yaml", object as unknown as JsonObject, writer);
    return true;
  } catch (thrown) {
    const { reason, message } = ApiError.from(thrown);
    logger.warn({ file, uid, plugin: pluginId, reason, why: message }, "a data source was not provisioned");
    // NotFound: the plugin's group is not served, now; anything else will not mend itself.
    return reason !== "NotFound" && reason !== "ServiceUnavailable";
  }
}

async function ensureNamespace(name: string, client: ApiClient): Promise<void> {
  if (name === "default") return;
  try {
    await client.create(namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name } }, { fieldManager: "provisioning" });
  } catch (thrown) {
    if (ApiError.from(thrown).reason !== "AlreadyExists") throw thrown;
  }
}

/** The groups of the plugins that a file speaks of: where its data sources can be. */
const groupsOf = (dataSources: readonly ProvisionedDataSource[]): readonly ResourceRef[] =>
  [...new Set(dataSources.map(({ pluginId }) => pluginId))].flatMap((id) => refOf(id) ?? []);

async function removeNamed(
  name: string,
  namespace: string,
  { client, logger }: ProvisioningOptions,
  dataSources: readonly ProvisionedDataSource[],
): Promise<void> {
  await removeWhere(
    client,
    logger,
    groupsOf(dataSources),
    ({ metadata, spec }) => metadata.namespace === namespace && titleOf(spec) === name && !dataSources.some(({ uid }) => uid === metadata.name),
  );
}

async function pruneOthers(file: string, dataSources: readonly ProvisionedDataSource[], { client, logger }: ProvisioningOptions): Promise<void> {
  const kept = new Set(dataSources.map(({ namespace, uid }) => `${namespace}/${uid}`));
  await removeWhere(
    client,
    logger,
    groupsOf(dataSources),
    ({ metadata }) => metadata.annotations?.[provisionedBy] === file && !kept.has(`${metadata.namespace ?? ""}/${metadata.name}`),
  );
}

async function removeWhere(client: ApiClient, logger: Logger, refs: readonly ResourceRef[], matches: (object: ApiObject) => boolean): Promise<void> {
  for (const ref of refs) {
    try {
      const { items } = await client.list(ref);
      for (const { metadata } of items.filter(matches)) await client.delete(ref, { name: metadata.name, namespace: metadata.namespace ?? "" });
    } catch (thrown) {
      const { reason, message } = ApiError.from(thrown);
      if (reason !== "NotFound") logger.warn({ group: ref.group, why: message }, "data sources could not be removed");
    }
  }
}

const titleOf = (spec: unknown): unknown => (typeof spec === "object" && spec !== null && "title" in spec ? spec.title : undefined);
