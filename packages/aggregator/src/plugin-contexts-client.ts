import type { ApiClient, ResourceRef } from "@dataplane/client";
import { aborted, type Clock, type Logger, notFound, type RequestInfo, type UserInfo } from "@dataplane/meta";
import { ownGroupOf, ownGroupVersion, type PluginSource } from "@dataplane/plugin-host";
import type { PluginContext } from "@dataplane/plugin-protocol";
import { appSettingsRef } from "./app-settings.js";
import { KeptReads } from "./kept-reads.js";
import { orgIdOf } from "./org-id.js";
import { type AppSettings, appSettingsFrom, type DataSourceSettings, instanceSettingsFrom, noAppSettings } from "./plugin-context-object.js";
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

/** PluginContexts of the API. `run` keeps watches, so that settings are read once and again only when their object changes. */
export interface PluginContextsClient extends PluginContexts {
  run(signal: AbortSignal): Promise<void>;
  /** A write that went through this server: the next call reads anew. */
  forget(info: RequestInfo): void;
}

interface ChangedSettings {
  readonly namespace: string;
  readonly name: string;
}

interface AppKey {
  readonly pluginId: string;
  readonly namespace: string;
}

interface DataSourceKey extends AppKey {
  readonly uid: string;
}

export const createPluginContextsClient = (options: PluginContextsClientOptions): PluginContextsClient => new CachedPluginContexts(options);

class CachedPluginContexts implements PluginContextsClient {
  readonly #options: PluginContextsClientOptions;
  /** By plugin: those that were asked for. */
  readonly #dataSources = new Map<string, KeptReads<DataSourceSettings>>();
  readonly #apps: KeptReads<AppSettings>;
  readonly #listeners = new Set<(changed: ChangedSettings) => void>();
  #lifetime: AbortSignal | undefined;

  constructor(options: PluginContextsClientOptions) {
    this.#options = options;
    this.#apps = new KeptReads({ ...options, resource: appSettingsRef, parse: appSettingsFrom, absent: noAppSettings, changed: this.#tell });
  }

  onChange(listener: (changed: ChangedSettings) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  readonly #tell = (changed: ChangedSettings): void => {
    for (const listener of this.#listeners) listener(changed);
  };

  async run(signal: AbortSignal): Promise<void> {
    this.#lifetime = signal;
    await aborted(signal);
    for (const reads of [this.#apps, ...this.#dataSources.values()]) reads.clear();
  }

  forget(info: RequestInfo): void {
    if (info.subresource !== "") return;
    if (info.resource === "datasources") for (const reads of this.#dataSources.values()) reads.forget(info);
    if (info.resource === appSettingsRef.resource && info.group === appSettingsRef.group) this.#apps.forget(info);
  }

  async forDataSource({ pluginId, namespace, uid }: DataSourceKey, user: UserInfo, signal: AbortSignal): Promise<DataSourceContext> {
    const reads = this.#dataSources.get(pluginId) ?? this.#begin(pluginId);
    if (reads === undefined) throw notFound("datasources", uid);
    const { settings, jsonData } = await this.#watched(reads).get({ namespace, name: uid }, signal);
    const pluginContext = { ...this.#common(pluginId, namespace), dataSourceInstanceSettings: settings, user: pluginUser(user) };
    return { uid, jsonData, pluginContext };
  }

  async forApp({ pluginId, namespace }: AppKey, user: UserInfo, signal: AbortSignal): Promise<CallContext> {
    const { enabled, settings, jsonData } = await this.#appSettings({ pluginId, namespace }, signal);
    if (!enabled) throw notFound(appSettingsRef.resource, pluginId, appSettingsRef.group);
    return { jsonData, pluginContext: { ...this.#common(pluginId, namespace), appInstanceSettings: settings, user: pluginUser(user) } };
  }

  /** Outside all namespaces (the routes of a whole cluster) there are none. */
  #appSettings({ pluginId, namespace }: AppKey, signal: AbortSignal): Promise<AppSettings> | AppSettings {
    if (namespace === "") return noAppSettings;
    return this.#watched(this.#apps).get({ namespace, name: pluginId }, signal);
  }

  #common(pluginId: string, namespace: string): Omit<PluginContext, "user"> {
    const { config, plugins, userAgent } = this.#options;
    const pluginVersion = plugins.get(pluginId)?.json.version ?? "";
    return { orgId: orgIdOf(namespace), pluginId, grafanaConfig: config, pluginVersion, userAgent, apiVersion: ownGroupVersion, namespace };
  }

  /** Undefined for a plugin whose id makes no group. */
  #begin(pluginId: string): KeptReads<DataSourceSettings> | undefined {
    const resource = dataSourcesOf(pluginId);
    if (resource === undefined) return undefined;
    const reads = new KeptReads({ ...this.#options, resource, parse: instanceSettingsFrom, changed: this.#tell });
    this.#dataSources.set(pluginId, reads);
    return reads;
  }

  #watched<T>(reads: KeptReads<T>): KeptReads<T> {
    if (this.#lifetime !== undefined) reads.watch(this.#lifetime);
    return reads;
  }
}

/** Data sources of a plugin where they are canonical: in its own group. */
export function dataSourcesOf(pluginId: string): ResourceRef | undefined {
  const group = ownGroupOf(pluginId);
  return group === undefined ? undefined : { group, version: ownGroupVersion, resource: "datasources", namespaced: true };
}
