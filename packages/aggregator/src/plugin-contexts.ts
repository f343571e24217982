import type { UserInfo } from "@dataplane/meta";
import type { PluginContext } from "@dataplane/plugin-protocol";

/** A data source, ready for a call: its settings with secrets decrypted. Never logged. */
export interface DataSourceContext {
  readonly uid: string;
  readonly pluginContext: PluginContext;
  /** `jsonData.allowedHeaders`, `keepCookies` and the like are read from here. */
  readonly jsonData: Readonly<Record<string, unknown>>;
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
}
