import { ApiError, type Reason, unavailable } from "@dataplane/meta";
import { PluginUnavailable } from "@dataplane/plugin-host";
import { GrpcCode, GrpcError, MessageTooLarge } from "@dataplane/plugin-protocol";

const reasons = new Map<GrpcCode, { readonly reason: Reason; readonly words: string }>([
  [GrpcCode.InvalidArgument, { reason: "BadRequest", words: "refused the request as invalid" }],
  [GrpcCode.DeadlineExceeded, { reason: "Timeout", words: "did not answer in time ([dataproxy] timeout, or the request's own)" }],
  [GrpcCode.Unimplemented, { reason: "NotImplemented", words: "does not implement this call" }],
  [GrpcCode.ResourceExhausted, { reason: "RequestEntityTooLarge", words: "refused the request as too large" }],
]);

/**
 * What the caller is told when a call to a plugin failed as a call. The plugin's own text stays in `cause`: it may quote settings,
 * secrets or hosts. `signal` is the request's: a call that it cancelled is no fault of the plugin.
 */
export function pluginCallError(thrown: unknown, pluginId: string, signal: AbortSignal): ApiError {
  if (thrown instanceof ApiError) return thrown;
  if (signal.aborted) return aborted(signal, pluginId);
  if (thrown instanceof PluginUnavailable) {
    return unavailable(`plugin ${JSON.stringify(pluginId)} cannot be called now: ${thrown.reason}`, Math.max(1, Math.ceil(thrown.retryAfterSeconds)));
  }
  if (thrown instanceof MessageTooLarge) {
    const limit = `the ${thrown.limitBytes} bytes that [dataproxy] max_plugin_message allows`;
    return new ApiError("BadGateway", `plugin ${JSON.stringify(pluginId)} sent a message larger than ${limit}`, { cause: thrown });
  }
  if (!(thrown instanceof GrpcError)) return ApiError.from(thrown);
  if (thrown.code === GrpcCode.Unavailable) {
    const message = `plugin ${JSON.stringify(pluginId)} went away during the call`;
    return new ApiError("ServiceUnavailable", message, { cause: thrown, details: { retryAfterSeconds: 1 } });
  }
  const known = reasons.get(thrown.code) ?? { reason: "BadGateway", words: `failed the call (${grpcName(thrown.code)})` };
  return new ApiError(known.reason, `plugin ${JSON.stringify(pluginId)} ${known.words}`, { cause: thrown });
}

export const pluginMissing = (pluginId: string): ApiError => unavailable(`plugin ${JSON.stringify(pluginId)} is not installed here`, 10);

function aborted(signal: AbortSignal, pluginId: string): ApiError {
  const reason: unknown = signal.reason;
  return reason instanceof ApiError ? reason : new ApiError("Timeout", `the request ended before plugin ${JSON.stringify(pluginId)} answered`);
}

const grpcName = (code: GrpcCode): string => Object.entries(GrpcCode).find(([, value]) => value === code)?.[0] ?? String(code);
