import { DataFrameFormat, type PluginContext, type QueryDataRequest } from "@dataplane/plugin-protocol";

export interface ContextOptions {
  readonly pluginId?: string;
  readonly uid?: string;
  readonly namespace?: string;
  readonly url?: string;
  readonly jsonData?: object;
  readonly secure?: Readonly<Record<string, string>>;
  readonly basicAuthUser?: string;
  readonly lastUpdatedMS?: number;
  readonly config?: Readonly<Record<string, string>>;
}

/** The context that a host sends with each call for one data source. */
export function dataSourceContext(options: ContextOptions = {}): PluginContext {
  return {
    ...baseContext(options),
    dataSourceInstanceSettings: {
      id: 1,
      uid: options.uid ?? "test",
      name: options.uid ?? "test",
      url: options.url ?? "",
      user: "",
      database: "",
      basicAuthEnabled: options.basicAuthUser !== undefined,
      basicAuthUser: options.basicAuthUser ?? "",
      ...settingsOf(options),
    },
  };
}

/** The context that a host sends with each call for an app. */
export function appContext(
  options: Pick<ContextOptions, "pluginId" | "namespace" | "jsonData" | "secure" | "lastUpdatedMS" | "config"> = {},
): PluginContext {
  return { ...baseContext(options), appInstanceSettings: settingsOf(options) };
}

/** A context without settings: what a careless host sends. */
export function baseContext(options: Pick<ContextOptions, "pluginId" | "namespace" | "config"> = {}): PluginContext {
  return {
    orgId: 1,
    pluginId: options.pluginId ?? "test",
    grafanaConfig: options.config ?? {},
    pluginVersion: "0.1.0",
    userAgent: "",
    apiVersion: "",
    namespace: options.namespace ?? "default",
    user: { login: "admin", name: "admin", email: "", role: "Admin" },
  };
}

function settingsOf(options: Pick<ContextOptions, "jsonData" | "secure" | "lastUpdatedMS">) {
  return {
    jsonData: new TextEncoder().encode(JSON.stringify(options.jsonData ?? {})),
    decryptedSecureJsonData: options.secure ?? {},
    lastUpdatedMS: options.lastUpdatedMS ?? 1,
    apiVersion: "",
  };
}

export interface QueryOptions {
  /** Milliseconds since the epoch. */
  readonly from: number;
  readonly to: number;
  readonly intervalMs?: number;
  readonly maxDataPoints?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** ARROW unless told. */
  readonly format?: DataFrameFormat;
}

/** A request with queries as a client posts them; each has its `refId` and `queryType` among its keys. */
export function queryRequest(
  pluginContext: PluginContext,
  queries: readonly { readonly refId: string; readonly queryType?: string; readonly [key: string]: unknown }[],
  options: QueryOptions,
): QueryDataRequest {
  return {
    pluginContext,
    headers: options.headers ?? {},
    format: options.format ?? DataFrameFormat.ARROW,
    queries: queries.map((query) => ({
      refId: query.refId,
      queryType: query.queryType ?? "",
      maxDataPoints: options.maxDataPoints ?? 100,
      intervalMS: options.intervalMs ?? 1000,
      timeRange: { fromEpochMS: options.from, toEpochMS: options.to },
      json: new TextEncoder().encode(JSON.stringify(query)),
    })),
  };
}
