import { performance } from "node:perf_hooks";
import type { HttpRequest } from "@dataplane/meta";
import type { Plugin, PluginClient } from "@dataplane/plugin-host";
import { type CallOptions, GrpcCode, GrpcError } from "@dataplane/plugin-protocol";
import { pluginCallError } from "./plugin-call-errors.js";
import type { CallLimits } from "./service-types/service-type.js";

/** The plugin is told its time and may end the call in its own words a moment before our clock does. */
const graceMs = 20;

/** What a call needs. There may be no HTTP request behind it, but there is always someone who can give it up. */
export interface CallParts {
  readonly request: Pick<HttpRequest, "signal">;
  readonly plugin: Plugin;
  readonly limits: Pick<CallLimits, "callTimeoutMs">;
}

/**
 * One call to the plugin of `call`, within the time of a call, cancelled when the client goes away. Throws ApiError as decided for
 * calls that fail.
 */
export async function callPlugin<T>(
  { request, plugin, limits }: CallParts,
  metadata: Readonly<Record<string, string>>,
  run: (client: PluginClient, options: CallOptions) => Promise<T>,
): Promise<T> {
  const { signal } = request;
  let started = Number.POSITIVE_INFINITY;
  try {
    const client = await plugin.client(signal);
    started = performance.now();
    return await run(client, { signal, timeoutMs: limits.callTimeoutMs, metadata });
  } catch (thrown) {
    const late = performance.now() - started >= limits.callTimeoutMs - graceMs;
    const timedOut = late && thrown instanceof GrpcError ? new GrpcError(GrpcCode.DeadlineExceeded, thrown.message, { cause: thrown }) : thrown;
    throw pluginCallError(timedOut, plugin.id, signal);
  }
}
