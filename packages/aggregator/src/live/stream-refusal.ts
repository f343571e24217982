import { ApiError, notFound } from "@dataplane/meta";
import { GrpcCode, GrpcError, StreamStatus } from "@dataplane/plugin-protocol";
import type { ChannelKey } from "./channels.js";

const forbidden = ({ path }: ChannelKey, cause?: unknown): ApiError =>
  new ApiError("Forbidden", `the plugin does not permit this on stream ${JSON.stringify(path)}`, { cause });

/** Throws unless the plugin agreed: NotFound, Forbidden, or BadGateway for a status that does not exist. */
export function requireAccepted(status: StreamStatus, key: ChannelKey): void {
  switch (status) {
    case StreamStatus.OK:
      return;
    case StreamStatus.NOT_FOUND:
      throw notFound("streams", key.path);
    case StreamStatus.PERMISSION_DENIED:
      throw forbidden(key);
    // The types do not bind a plugin.
    default:
      throw new ApiError("BadGateway", `plugin ${JSON.stringify(key.pluginId)} answered with a status that does not exist`);
  }
}

/**
 * A plugin may refuse by failing the call. Where its code says which refusal it is, it is the same as by status; other failures are what
 * they are on every call.
 */
export function refusalOf(thrown: unknown, key: ChannelKey): unknown {
  if (!(thrown instanceof ApiError) || !(thrown.cause instanceof GrpcError)) return thrown;
  const { code } = thrown.cause;
  if (code === GrpcCode.NotFound) return new ApiError("NotFound", notFound("streams", key.path).message, { cause: thrown.cause });
  return code === GrpcCode.PermissionDenied || code === GrpcCode.Unauthenticated ? forbidden(key, thrown.cause) : thrown;
}
