import type { UserInfo } from "@dataplane/meta";
import type { PluginContext } from "@dataplane/plugin-protocol";

/** What one call carries: the settings of a data source or of an app, with secrets decrypted. Never logged. */
export interface CallContext {
  readonly pluginContext: PluginContext;
  /** `jsonData.allowedHeaders`, `keepCookies` and the like are read from here. */
  readonly jsonData: Readonly<Record<string, unknown>>;
}

/** A data source, ready for a call. */
export interface DataSourceContext extends CallContext {
  readonly uid: string;
}

/**
 * Looks up what a plugin call needs. The real one is a client of the API: it reads the internal subresource
 * `datasources/<uid>/plugincontext` of the plugin's own group and keeps it until the DataSource's resourceVersion changes.
 */
export interface PluginContexts {
  /** Throws ApiError NotFound when there is no such data source of that plugin. */
  forDataSource(
    key: { readonly pluginId: string; readonly namespace: string; readonly uid: string },
    user: UserInfo,
    signal: AbortSignal,
  ): Promise<DataSourceContext>;
  /**
   * The settings of an app in one namespace, from `appsettings/<plugin id>/plugincontext` of `apps.grafana.app`: empty ones where there is
   * no such object. Throws ApiError NotFound for an app that is switched off there (`spec.enabled: false`).
   */
  forApp(key: { readonly pluginId: string; readonly namespace: string }, user: UserInfo, signal: AbortSignal): Promise<CallContext>;
  /**
   * Calls back when the settings of a data source, or of an app (by its plugin's id), may have changed; returns the way to stop that.
   * Absent where nothing tells.
   */
  onChange?(listener: (changed: { readonly namespace: string; readonly name: string }) => void): () => void;
}
