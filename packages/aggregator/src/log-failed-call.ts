import { ApiError, type Logger } from "@dataplane/meta";
import { GrpcError } from "@dataplane/plugin-protocol";

/** The caller is told little; an operator finds the plugin's own words at level debug, for they may quote settings. */
export function logFailedCall(logger: Logger, pluginId: string, thrown: unknown): void {
  if (!(thrown instanceof ApiError) || !(thrown.cause instanceof GrpcError)) return;
  const { code, message } = thrown.cause;
  logger.warn({ pluginId, grpcCode: code, status: thrown.code }, "a call to a plugin failed");
  logger.debug({ pluginId, grpcCode: code, error: message }, "a call to a plugin failed");
}

/** What a call gives; its failure is logged on the way. */
export async function loggingFailure<T>(
  { plugin, logger }: { readonly plugin: { readonly id: string }; readonly logger: Logger },
  result: Promise<T>,
): Promise<T> {
  try {
    return await result;
  } catch (thrown) {
    logFailedCall(logger, plugin.id, thrown);
    throw thrown;
  }
}
