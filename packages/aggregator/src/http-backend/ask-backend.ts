import { ApiError, apiVersionOf, identityHeaders, type Logger, type UserInfo } from "@dataplane/meta";
import type { CallGuard } from "../call-guard.js";
import type { DataPlaneService, HttpBackend } from "../dataplaneservice.js";
import { backendError } from "../outbound/backend-error.js";
import { exchange, type OutboundAnswer, type OutboundRequest } from "../outbound/exchange.js";
import { logFailedBackend } from "../outbound/log-failed-backend.js";
import type { Outbound } from "../outbound/outbound.js";
import { proxiedSegments, withPath } from "../proxy/proxied-path.js";
import { isRedirect } from "../proxy/redirect.js";
import { backendTarget } from "./backend-target.js";

/** A service that has a backend, and the way there. */
export interface BackendLink {
  readonly service: DataPlaneService;
  readonly backend: HttpBackend;
  readonly outbound: Outbound;
  /** Until the answer begins. */
  readonly callTimeoutMs: number;
  /** No bounds when absent. */
  readonly guard?: CallGuard;
  readonly logger: Logger;
}

/** For whom a backend is asked, and about what. */
export interface BackendCaller {
  readonly user: UserInfo;
  /** Empty when the path names none. */
  readonly namespace: string;
  /** Of the data source that the path names; empty when it names none. */
  readonly uid: string;
  /** Gives the call up. */
  readonly signal: AbortSignal;
}

/** One request; its caller is told to the backend beside these headers. */
export interface BackendRequest extends Pick<OutboundRequest, "method" | "headers" | "body" | "signal"> {
  readonly user: UserInfo;
  /** Decoded segments after `/apis/<group>/<version>`. */
  readonly segments: readonly string[];
  /** Of the caller's path: a slash at its end is kept. */
  readonly path: string;
  readonly query?: Iterable<readonly [string, string]>;
}

/** How errors name the backend of a service: in the caller's words, without its host. */
export const backendName = ({ metadata }: DataPlaneService): string => `the backend of DataPlaneService ${JSON.stringify(metadata.name)}`;

/** Runs one call to the backend within its bounds. What it throws, and that is not said yet, becomes an ApiError that names no host. */
export function withBackend<T>(link: BackendLink, { user, namespace, uid, signal }: BackendCaller, run: () => Promise<T>): Promise<T> {
  const { service, guard, logger } = link;
  const told = async (): Promise<T> => {
    try {
      return await run();
    } catch (thrown) {
      const what = backendName(service);
      const error = backendError(thrown, what, signal);
      logFailedBackend(logger, what, error);
      throw error;
    }
  };
  if (guard === undefined) return told();
  return guard.run({ pluginId: service.metadata.name, namespace, uid, user: user.name, backend: "http" }, told);
}

/** Sends a request to the backend, below `baseURL`. Throws ApiError for a redirect and a 401, and what `exchange` throws. */
export async function sendToBackend({ service, backend, outbound, callTimeoutMs }: BackendLink, request: BackendRequest): Promise<OutboundAnswer> {
  const { base, route } = backendTarget(backend);
  const segments = proxiedSegments(["apis", apiVersionOf(service.spec), ...request.segments].join("/"));
  const url = withPath(base, segments, request);
  for (const [name, value] of request.query ?? []) url.searchParams.append(name, value);
  const { method, body, signal } = request;
  const headers = { ...request.headers, ...identityHeaders(request.user) };
  const answer = await exchange(outbound, { url, route, method, headers, body, timeoutMs: callTimeoutMs, signal });
  const refusal = refusalOf(answer.status, backendName(service));
  if (refusal === undefined) return answer;
  answer.discard();
  throw refusal;
}

/** A redirect could lead a trusted caller anywhere (CVE-2022-3172); a 401 is about this server's trust, not about the caller's login. */
function refusalOf(status: number, what: string): ApiError | undefined {
  if (isRedirect(status)) return new ApiError("BadGateway", `${what} answered with a redirect, which is refused`);
  return status === 401 ? new ApiError("BadGateway", `${what} does not accept this server's word about the caller`) : undefined;
}
