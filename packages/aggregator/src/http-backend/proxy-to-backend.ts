import { ApiError, apiVersionOf, type HttpRequest, type HttpResponse, type Logger, unavailable } from "@dataplane/meta";
import type { CallGuard } from "../call-guard.js";
import type { DataPlaneService, HttpBackend } from "../dataplaneservice.js";
import { answerHeaders } from "../outbound/answer-headers.js";
import { backendError } from "../outbound/backend-error.js";
import { callersHeaders } from "../outbound/callers-headers.js";
import { exchange } from "../outbound/exchange.js";
import { logFailedBackend } from "../outbound/log-failed-backend.js";
import type { Outbound } from "../outbound/outbound.js";
import { requireProxiedMethod } from "../outbound/proxied-method.js";
import { streamedBody } from "../outbound/request-body.js";
import { proxiedSegments, withPath } from "../proxy/proxied-path.js";
import { isRedirect } from "../proxy/redirect.js";
import { headerOf } from "../request-body.js";
import type { CallLimits } from "../service-types/service-type.js";
import { backendTarget } from "./backend-target.js";
import { remoteIdentity } from "./remote-identity.js";

export interface BackendCall {
  readonly request: HttpRequest;
  readonly service: DataPlaneService;
  /** Of the data source that the path names; empty when it names none. */
  readonly uid: string;
  readonly backend: HttpBackend;
  readonly outbound: Outbound;
  readonly limits: CallLimits;
  /** No bounds when absent. */
  readonly guard?: CallGuard;
  readonly logger: Logger;
}

/**
 * Sends the request to the service's backend: the same path below `baseURL`, as it was parsed and authorized, with the caller's identity in
 * X-Remote-* headers and nothing of what proved it. Bodies go as they come, both ways. Throws ApiError; names no host.
 */
export async function proxyToBackend(call: BackendCall): Promise<HttpResponse> {
  const { request, service, uid, guard } = call;
  const { name } = service.metadata;
  const what = `the backend of DataPlaneService ${JSON.stringify(name)}`;
  const run = async (): Promise<HttpResponse> => {
    try {
      return await send(call, what);
    } catch (thrown) {
      const error = backendError(thrown, what, request.signal);
      logFailedBackend(call.logger, what, error);
      throw error;
    }
  };
  const { user, info } = request.context;
  // A request without a user is refused by `send`.
  if (guard === undefined || user === undefined) return run();
  return guard.run({ pluginId: name, namespace: info?.namespace ?? "", uid, user: user.name, backend: "http" }, run);
}

async function send({ request, service, backend, outbound, limits }: BackendCall, what: string): Promise<HttpResponse> {
  const { user, info } = request.context;
  // The filters come first in every chain.
  if (user === undefined || info === undefined) throw unavailable("the request was not authenticated");
  requireProxiedMethod(request);
  const { base, route } = backendTarget(backend);
  const segments = proxiedSegments(["apis", apiVersionOf(service.spec), ...info.segments].join("/"));
  const url = withPath(base, segments, request);
  for (const [name, value] of request.query) if (name !== "auth_token") url.searchParams.append(name, value);
  const body = await streamedBody(request, limits.bodyBytes);
  const length = body === undefined ? undefined : headerOf(request, "content-length");
  const headers = {
    ...callersHeaders(request),
    ...(length === undefined ? {} : { "content-length": length }),
    ...userAgent(request),
    ...remoteIdentity(user),
  };
  const answer = await exchange(outbound, {
    ...{ url, route, method: request.method, headers, body, timeoutMs: limits.callTimeoutMs, signal: request.signal },
  });
  const refusal = refusalOf(answer.status, what);
  if (refusal === undefined) return { status: answer.status, headers: answerHeaders(answer.headers), body: answer.body };
  answer.discard();
  throw refusal;
}

const userAgent = (request: HttpRequest): Record<string, string> => {
  const agent = headerOf(request, "user-agent");
  return agent === undefined ? {} : { "user-agent": agent };
};

/** A redirect could lead a trusted caller anywhere (CVE-2022-3172); a 401 is about this server's trust, not about the caller's login. */
function refusalOf(status: number, what: string): ApiError | undefined {
  if (isRedirect(status)) return new ApiError("BadGateway", `${what} answered with a redirect, which is refused`);
  return status === 401 ? new ApiError("BadGateway", `${what} does not accept this server's word about the caller`) : undefined;
}
