import type { JsonObject } from "@dataplane/meta";

/** A route of `plugin.json` for the data source proxy. Templates are kept as written. */
export interface ProxyRoute {
  readonly path: string;
  readonly method: string;
  readonly url: string;
  readonly raw: JsonObject;
}

/** What the host reads of a plugin's `plugin.json` (https://grafana.com/developers/plugin-tools/reference/plugin-json); the rest is kept in `raw`. */
export interface PluginJson {
  readonly id: string;
  readonly type: "datasource" | "app" | "panel" | "renderer" | "other";
  readonly name: string;
  readonly version: string;
  readonly backend: boolean;
  /** Base name, without the platform's suffix. */
  readonly executable: string | undefined;
  readonly streaming: boolean;
  readonly routes: readonly ProxyRoute[];
  readonly raw: JsonObject;
}
