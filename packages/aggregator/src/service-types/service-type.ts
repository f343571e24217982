import type { Handler, HttpRequest, HttpResponse } from "@dataplane/meta";
import type { Plugin } from "@dataplane/plugin-host";
import type { PluginContexts } from "../plugin-contexts.js";

/** What a route's handler is given. */
export interface PluginCall {
  readonly request: HttpRequest;
  /** Decoded values of `{name}` in the route's path, and `*` for a trailing one. */
  readonly params: Readonly<Record<string, string>>;
  readonly plugin: Plugin;
  readonly contexts: PluginContexts;
  readonly limits: { readonly bodyBytes: number; readonly callTimeoutMs: number };
}

/** One route of a group/version. `path` is relative to `/apis/G/V`: segments, `{name}`, or a trailing `*` for the rest. */
export interface PluginRoute {
  readonly methods: readonly string[];
  readonly path: string;
  readonly handle: (call: PluginCall) => Promise<HttpResponse>;
  /** How discovery shows it: a subresource such as `datasources/query`; absent when it is not shown. */
  readonly discovered?: { readonly name: string; readonly kind: string; readonly verbs: readonly string[] };
  /** OpenAPI operation by lower-case method. */
  readonly operations?: Readonly<Record<string, object>>;
}

/** A service type of a DataPlaneService: one object in one file, one line in the table. */
export interface ServiceType {
  readonly name: string;
  readonly routes: (service: { readonly type: string; readonly method?: string; readonly path?: string }) => readonly PluginRoute[];
}

export type { Handler };
