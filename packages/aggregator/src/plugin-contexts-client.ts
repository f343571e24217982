import type { ApiClient, ResourceRef } from "@dataplane/client";
import { aborted, type Clock, type Logger, notFound, type RequestInfo, type UserInfo } from "@dataplane/meta";
import { ownGroupOf, ownGroupVersion, type PluginSource } from "@dataplane/plugin-host";
import type { PluginContext, PluginUser } from "@dataplane/plugin-protocol";
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

/** Data sources, and users of one of them. */
const mostMade = 1_000;

export const createPluginContextsClient = (options: PluginContextsClientOptions): PluginContextsClient => new CachedPluginContexts(options);

class CachedPluginContexts implements PluginContextsClient {
  readonly #options: PluginContextsClientOptions;
  /** By plugin: those that were asked for. */
  readonly #dataSources = new Map<string, KeptReads<DataSourceSettings>>();
  readonly #apps: KeptReads<AppSettings>;
  /** By data source and then by user: contexts as they were made. They hold secrets, no longer than the settings are kept. */
  readonly #made = new Map<string, Map<string, DataSourceContext>>();
  #lastUser: { readonly user: UserInfo; readonly asked: PluginUser } | undefined;
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
    this.#made.delete(`${changed.namespace}/${changed.name}`);
    for (const listener of this.#listeners) listener(changed);
  };

  async run(signal: AbortSignal): Promise<void> {
    this.#lifetime = signal;
    await aborted(signal);
    for (const reads of [this.#apps, ...this.#dataSources.values()]) reads.clear();
    this.#made.clear();
  }

  forget(info: RequestInfo): void {
    if (info.subresource !== "") return;
    if (info.resource === "datasources") for (const reads of this.#dataSources.values()) reads.forget(info);
    if (info.resource === appSettingsRef.resource && info.group === appSettingsRef.group) this.#apps.forget(info);
  }

  forDataSource(key: DataSourceKey, user: UserInfo, signal: AbortSignal): Promise<DataSourceContext> {
    const { pluginId, namespace, uid } = key;
    const reads = this.#dataSources.get(pluginId) ?? this.#begin(pluginId);
    if (reads === undefined) return Promise.reject(notFound("datasources", uid));
    const kept = this.#watched(reads).kept(namespace, uid);
    if (kept !== undefined) return Promise.resolve(this.#contextOf(key, kept, user));
    return reads.get({ namespace, name: uid }, signal).then((settings) => this.#contextOf(key, settings, user));
  }

  /** The same object for as long as nothing of it changes: what it encodes to is kept by that. */
  #contextOf(key: DataSourceKey, { settings, jsonData }: DataSourceSettings, user: UserInfo): DataSourceContext {
    const { pluginId, namespace, uid } = key;
    const asked = this.#pluginUserOf(user);
    const byUser = this.#madeFor(`${namespace}/${uid}`);
    const id = `${pluginId}\0${asked.login}\0${asked.name}\0${asked.email}\0${asked.role}`;
    const made = byUser.get(id);
    if (made?.pluginContext.dataSourceInstanceSettings === settings && made.pluginContext.pluginVersion === this.#versionOf(pluginId)) return made;
    const context = { uid, jsonData, pluginContext: { ...this.#common(pluginId, namespace), dataSourceInstanceSettings: settings, user: asked } };
    if (byUser.size >= mostMade) byUser.clear();
    byUser.set(id, context);
    return context;
  }

  #madeFor(dataSource: string): Map<string, DataSourceContext> {
    const known = this.#made.get(dataSource);
    if (known !== undefined) return known;
    const made = new Map<string, DataSourceContext>();
    if (this.#made.size >= mostMade) this.#made.clear();
    this.#made.set(dataSource, made);
    return made;
  }

  /** The same user asks again and again, as the same object where the way it logs in allows that. */
  #pluginUserOf(user: UserInfo): PluginUser {
    if (this.#lastUser?.user !== user) this.#lastUser = { user, asked: pluginUser(user) };
    return this.#lastUser.asked;
  }

  #versionOf(pluginId: string): string {
    return this.#options.plugins.get(pluginId)?.json.version ?? "";
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
    const { config, userAgent } = this.#options;
    const pluginVersion = this.#versionOf(pluginId);
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
