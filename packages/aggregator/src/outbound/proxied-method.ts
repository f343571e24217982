import { ApiError, type HttpRequest } from "@dataplane/meta";
import { methodNotAllowed } from "../method-not-allowed.js";
import { headerOf } from "../request-body.js";

// TRACE would have a backend repeat the credentials that it was sent; CONNECT is a tunnel.
const never = new Set(["TRACE", "TRACK", "CONNECT"]);
const safe = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Throws MethodNotAllowed for what no backend may be asked, and Forbidden for a change that a page of another site asks for with the
 * credentials of its user's browser.
 */
export function requireProxiedMethod(request: HttpRequest): void {
  const { method } = request;
  if (never.has(method)) throw methodNotAllowed(method, "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
  if (!safe.has(method) && headerOf(request, "sec-fetch-site")?.toLowerCase() === "cross-site") {
    throw new ApiError("Forbidden", "a change asked for by a page of another site is refused");
  }
}
