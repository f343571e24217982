import { type ApiClient, createInformer, type Informer, type ResourceRef } from "@dataplane/client";
import { type ApiObject, type Clock, type Logger, notFound, type RequestInfo, type UserInfo } from "@dataplane/meta";
import { ownGroupOf, ownGroupVersion, type PluginSource } from "@dataplane/plugin-host";
import type { PluginContext } from "@dataplane/plugin-protocol";
import { orgIdOf } from "./org-id.js";
import { instanceSettingsFrom } from "./plugin-context-object.js";
import type { CallContext, DataSourceContext, PluginContexts } from "./plugin-contexts.js";
import { pluginUser } from "./plugin-user.js";

export interface PluginContextsClientOptions {
  /** Acts as `system:dataplane`, the one reader of `plugincontext`. */
  readonly client: ApiClient;
  readonly plugins: PluginSource;
  /** `grafanaConfig` of each call; one object for all. */
  readonly config: Readonly<Record<string, string>>;
  readonly userAgent: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** PluginContexts of the API. `run` keeps watches, so that a context is read once and again only when its DataSource changes. */
export interface PluginContextsClient extends PluginContexts {
  run(signal: AbortSignal): Promise<void>;
  /** A write that went through this server: the next call reads anew. */
  forget(info: RequestInfo): void;
}

interface DataSourceKey {
  readonly pluginId: string;
  readonly namespace: string;
  readonly uid: string;
}

interface Cached extends Pick<DataSourceContext, "uid" | "jsonData"> {
  readonly resourceVersion: string | undefined;
  readonly shared: Omit<PluginContext, "user">;
}

export const createPluginContextsClient = (options: PluginContextsClientOptions): PluginContextsClient => new CachedPluginContexts(options);

class CachedPluginContexts implements PluginContextsClient {
  readonly #options: PluginContextsClientOptions;
  readonly #cache = new Map<string, Cached>();
  /** One watch of the data sources of each plugin that was asked for. */
  readonly #informers = new Map<string, Informer<ApiObject>>();
  #lifetime: AbortSignal | undefined;
  /** Grows by each write: what was read before it is not kept. */
  #writes = 0;

  constructor(options: PluginContextsClientOptions) {
    this.#options = options;
  }

  async run(signal: AbortSignal): Promise<void> {
    this.#lifetime = signal;
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    this.#cache.clear();
  }

  forget({ resource, subresource, namespace, name }: RequestInfo): void {
    if (resource !== "datasources" || subresource !== "") return;
    this.#writes += 1;
    const end = name === "" ? "" : `/${namespace}/${name}`;
    for (const key of this.#cache.keys()) if (key.endsWith(end)) this.#cache.delete(key);
  }

  async forDataSource(key: DataSourceKey, user: UserInfo, signal: AbortSignal): Promise<DataSourceContext> {
    const { uid, jsonData, shared } = this.#fresh(key) ?? (await this.#read(key, signal));
    return { uid, jsonData, pluginContext: { ...shared, user: pluginUser(user) } };
  }

  forApp({ pluginId, namespace }: { readonly pluginId: string; readonly namespace: string }, user: UserInfo): Promise<CallContext> {
    // Nothing serves settings of apps yet: each runs with empty ones.
    const appInstanceSettings = { jsonData: Buffer.from("{}"), decryptedSecureJsonData: {}, lastUpdatedMS: 0, apiVersion: "" };
    const pluginContext = { ...this.#common(pluginId, namespace), appInstanceSettings, user: pluginUser(user) };
    return Promise.resolve({ jsonData: {}, pluginContext });
  }

  #common(pluginId: string, namespace: string): Omit<PluginContext, "user"> {
    const { config, plugins, userAgent } = this.#options;
    const pluginVersion = plugins.get(pluginId)?.json.version ?? "";
    return { orgId: orgIdOf(namespace), pluginId, grafanaConfig: config, pluginVersion, userAgent, apiVersion: ownGroupVersion, namespace };
  }

  #fresh(key: DataSourceKey): Cached | undefined {
    const cached = this.#cache.get(cacheKey(key));
    if (cached === undefined) return undefined;
    const seen = this.#informers.get(key.pluginId)?.get(key.uid, key.namespace)?.metadata.resourceVersion;
    return seen !== undefined && seen === cached.resourceVersion ? cached : undefined;
  }

  async #read(key: DataSourceKey, signal: AbortSignal): Promise<Cached> {
    const { pluginId, namespace, uid } = key;
    const resource = dataSourcesOf(pluginId);
    // A uid can come from a body: one that would change the path names nothing.
    if (resource === undefined || !isName(uid) || !isName(namespace)) throw notFound("datasources", uid, resource?.group);
    this.#watch(pluginId, resource);
    const writes = this.#writes;
    const object = await this.#options.client.get(resource, { name: uid, namespace, subresource: "plugincontext" }, signal);
    const { settings, jsonData } = instanceSettingsFrom(object);
    const read: Cached = {
      uid,
      jsonData,
      resourceVersion: object.metadata.resourceVersion,
      shared: { ...this.#common(pluginId, namespace), dataSourceInstanceSettings: settings },
    };
    if (writes === this.#writes) this.#cache.set(cacheKey(key), read);
    return read;
  }

  #watch(pluginId: string, resource: ResourceRef): void {
    if (this.#informers.has(pluginId) || this.#lifetime === undefined || this.#lifetime.aborted) return;
    const { client, clock, logger } = this.#options;
    const informer = createInformer<ApiObject>({ client, resource, clock, logger });
    informer.onChange(({ type, object: { metadata } }) => {
      // Secrets are kept no longer than their data source.
      if (type === "deleted") this.#cache.delete(cacheKey({ pluginId, namespace: metadata.namespace ?? "", uid: metadata.name }));
    });
    this.#informers.set(pluginId, informer);
    void informer.run(this.#lifetime);
  }
}

const isName = (text: string): boolean => text !== "" && text !== "." && text !== ".." && !text.includes("/");

const cacheKey = ({ pluginId, namespace, uid }: DataSourceKey): string => `${pluginId}/${namespace}/${uid}`;

/** Data sources of a plugin where they are canonical: in its own group. */
export function dataSourcesOf(pluginId: string): ResourceRef | undefined {
  const group = ownGroupOf(pluginId);
  return group === undefined ? undefined : { group, version: ownGroupVersion, resource: "datasources", namespaced: true };
}
