import { GrpcCode, GrpcError, type PluginContext, type PluginUser, type ServedCall } from "@dataplane/plugin-protocol";
import type { Logger } from "./logger.js";

/** Handlers may answer at once or later. */
export type Awaitable<Result> = Result | Promise<Result>;

/** What every handler knows of the call it serves. */
export interface Call {
  /** Aborts when the client behind the host is gone. Pass it to whatever waits. */
  readonly signal: AbortSignal;
  readonly user: PluginUser | undefined;
  readonly namespace: string;
  readonly orgId: number;
  /** As the host sent them: `Authorization`, `Cookie` and `X-Id-Token` by name, others as `http_<Name>`. */
  readonly headers: Readonly<Record<string, string>>;
  /** A forwarded HTTP header by its plain name, in any case. */
  header(name: string): string | undefined;
  readonly logger: Logger;
}

/** The context of a served call; a call without one is refused, as nothing could be known of its data source. */
export function callOf(options: {
  readonly context: PluginContext;
  readonly headers: Readonly<Record<string, string>>;
  readonly served: ServedCall;
  readonly logger: Logger;
}): Call {
  const { context, headers, served, logger } = options;
  const byName = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  return {
    signal: served.signal,
    user: context.user,
    namespace: context.namespace,
    orgId: context.orgId,
    headers,
    header: (name) => byName.get(name.toLowerCase()) ?? byName.get(`http_${name.toLowerCase()}`),
    logger,
  };
}

/** The plugin context of a request as it came from the wire, where any message may be absent. Throws InvalidArgument without one. */
export function contextOf(request: { readonly pluginContext?: PluginContext }): PluginContext {
  if (request.pluginContext === undefined) throw new GrpcError(GrpcCode.InvalidArgument, "the request has no pluginContext");
  return request.pluginContext;
}

/** How a handler ends that was stopped by its caller. */
export function canceled(cause: unknown): GrpcError {
  return new GrpcError(GrpcCode.Canceled, "the caller has left", { cause });
}

/** What the host sees of a handler that this plugin does not have. */
export function unimplemented(what: string): GrpcError {
  return new GrpcError(GrpcCode.Unimplemented, `this plugin has no ${what}`);
}
