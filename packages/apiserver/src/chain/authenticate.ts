import { ApiError, type Handler, type HttpRequest, type HttpResponse, systemGroups, type UserInfo } from "@dataplane/meta";
import type { Authentication, Authenticator } from "../authn/authenticator.js";
import type { Filter } from "./filter.js";

/** What anyone may ask: probes and the version. */
export const anonymousPaths: ReadonlySet<string> = new Set(["/livez", "/readyz", "/healthz", "/version", "/api/health"]);

const anonymous: UserInfo = { name: "system:anonymous", groups: [systemGroups.unauthenticated] };

/** Finds out who asks. A user that code in this process has set stands. Without a credential only `anonymousPaths` are answered; else 401. */
export const authenticate =
  (authenticator: Authenticator): Filter =>
  (request, next) => {
    if (request.context.user !== undefined) return next(request);
    const found = authenticator.authenticate(request);
    return found === undefined ? asFound(undefined, request, next) : found.then((it) => asFound(it, request, next));
  };

function asFound(found: Authentication | undefined, request: HttpRequest, next: Handler): Promise<HttpResponse> {
  const { context } = request;
  if (found === undefined) {
    if (!isAnonymous(context.info?.path ?? request.path)) throw unauthorized();
    context.user = anonymous;
    return next(request);
  }
  context.user = found.user;
  context.credentialHeaders = found.credentialHeaders;
  if (found.expires !== undefined) context.userExpires = found.expires;
  return next(request);
}

/** `/livez/ping` is a part of `/livez`. */
const isAnonymous = (path: string): boolean => anonymousPaths.has(path) || /^\/(?:livez|readyz|healthz)\/[^/]+$/.test(path);

/** 401 that tells a browser and curl how to log in. */
export const unauthorized = (message = "Unauthorized"): ApiError =>
  new ApiError("Unauthorized", message, { headers: { "www-authenticate": 'Basic realm="data plane", charset="UTF-8", Bearer realm="data plane"' } });
