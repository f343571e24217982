/** What plugins may know of this server: `PluginContext.grafanaConfig`. All values come from the configuration. */
export interface PluginConfigOptions {
  readonly appUrl: string;
  readonly concurrentQueryLimit?: number;
  readonly userFacingDefaultError?: string;
  readonly rowLimit?: number;
  /** 0: none. */
  readonly responseLimitBytes?: number;
  readonly sqlMaxOpenConns?: number;
  readonly sqlMaxIdleConns?: number;
  readonly sqlMaxConnLifetimeSeconds?: number;
  readonly featureToggles?: readonly string[];
}

/**
 * The map of each call. SDKs make a new instance whenever it differs, so it is made once, and features are sorted. SQL plugins
 * misbehave without the three GF_SQL_ defaults.
 */
export function pluginConfig(options: PluginConfigOptions): Readonly<Record<string, string>> {
  return Object.freeze({
    GF_APP_URL: options.appUrl,
    GF_CONCURRENT_QUERY_COUNT: String(options.concurrentQueryLimit ?? 10),
    GF_INSTANCE_FEATURE_TOGGLES_ENABLE: [...(options.featureToggles ?? [])].sort((a, b) => (a < b ? -1 : 1)).join(","),
    GF_RESPONSE_LIMIT: String(options.responseLimitBytes ?? 0),
    GF_SQL_MAX_CONN_LIFETIME_SECONDS_DEFAULT: String(options.sqlMaxConnLifetimeSeconds ?? 14_400),
    GF_SQL_MAX_IDLE_CONNS_DEFAULT: String(options.sqlMaxIdleConns ?? 100),
    GF_SQL_MAX_OPEN_CONNS_DEFAULT: String(options.sqlMaxOpenConns ?? 100),
    GF_SQL_ROW_LIMIT: String(options.rowLimit ?? 1_000_000),
    GF_USER_FACING_DEFAULT_ERROR: options.userFacingDefaultError ?? "please inspect the server log for details",
  });
}
