import { ApiError, type HttpRequest, type HttpResponse, type Reason } from "@dataplane/meta";
import { headerOf } from "../request-body.js";

/** Grafana's ids where it has one for the case. */
const messageIds: Partial<Readonly<Record<Reason, string>>> = {
  ServiceUnavailable: "plugin.unavailable",
  NotImplemented: "plugin.methodNotImplemented",
  BadGateway: "plugin.requestFailureError",
  Timeout: "plugin.requestTimeout",
  BadRequest: "request.badRequest",
  Forbidden: "auth.forbidden",
};

/** A failure in the form that clients of the older paths read: `{"message", "messageId", "statusCode", "traceID"}`. */
export function legacyErrorResponse(error: ApiError, request: HttpRequest): HttpResponse {
  const { message, reason, code, details } = error;
  const messageId = messageIds[reason] ?? `${details?.kind ?? "request"}.${reason.charAt(0).toLowerCase()}${reason.slice(1)}`;
  return {
    status: code,
    headers: { "content-type": "application/json", ...error.headers },
    body: JSON.stringify({ message, messageId, statusCode: code, traceID: traceIdOf(request) }),
  };
}

/** Runs a route of the older paths. What is no ApiError is our own fault: it goes on to where such are logged. */
export async function withLegacyErrors(request: HttpRequest, handle: () => Promise<HttpResponse>): Promise<HttpResponse> {
  try {
    return await handle();
  } catch (thrown) {
    if (thrown instanceof ApiError && thrown.code !== 500) return legacyErrorResponse(thrown, request);
    throw thrown;
  }
}

/** Of W3C's `traceparent`; empty without one. */
const traceIdOf = (request: HttpRequest): string => /^[\da-f]{2}-([\da-f]{32})-/.exec(headerOf(request, "traceparent") ?? "")?.[1] ?? "";
