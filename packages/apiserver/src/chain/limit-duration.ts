import { ApiError, abortReason, badRequest, type RequestInfo, TimeLimit } from "@dataplane/meta";
import type { Filter } from "./filter.js";
import { goDurationMs } from "./go-duration.js";

export interface LimitDurationOptions {
  /** 60 s unless told. */
  readonly limitMs?: number;
  /** Beside watches and streams, which may last. */
  readonly isLongRunning?: (info: RequestInfo) => boolean;
}

const longRunningSubresources: ReadonlySet<string> = new Set(["stream", "proxy", "log", "exec", "attach", "portforward"]);

/** Streams of an app stand below the namespace itself. */
const mayLast = ({ verb, resource, subresource }: RequestInfo): boolean =>
  verb === "watch" || longRunningSubresources.has(subresource) || resource === "stream";

/** Of other subresources and of the data plane a `timeout` is a matter of who answers. */
const isOurs = ({ isResourceRequest, subresource, path }: RequestInfo): boolean =>
  isResourceRequest ? ["", "status", "scale"].includes(subresource) : /^\/(?:version|apis|openapi)(?:\/|$)/.test(path);

/** `?timeout` in milliseconds; 0 when none is asked for. Throws BadRequest. */
function timeoutOf(info: RequestInfo, query: URLSearchParams): number {
  const text = query.get("timeout") ?? "";
  if (text === "" || !isOurs(info)) return 0;
  const ms = goDurationMs(text);
  if (ms === undefined) throw badRequest(`invalid timeout specified in the request URL - time: invalid duration ${JSON.stringify(text)}`);
  return ms;
}

/** Ends what takes too long: the request's signal aborts, and the client gets 504. `?timeout` may shorten it. */
export const limitDuration =
  ({ limitMs = 60_000, isLongRunning = () => false }: LimitDurationOptions = {}): Filter =>
  async (request, next) => {
    const { info } = request.context;
    if (info !== undefined && (mayLast(info) || isLongRunning(info))) return next(request);
    const askedMs = info === undefined ? 0 : timeoutOf(info, request.query);
    const endsAfterMs = askedMs > 0 && askedMs < limitMs ? askedMs : limitMs;
    const limit = new TimeLimit({ ms: endsAfterMs, signal: request.signal, reason: () => timedOut(endsAfterMs) });
    const late = new Promise<never>((_resolve, reject) => {
      limit.signal.addEventListener("abort", () => limit.isOver && reject(abortReason(limit.signal)), { once: true });
    });
    try {
      return await Promise.race([next({ ...request, signal: limit.signal }), late]);
    } finally {
      // What is left of the answer may take its time, and still ends when the client goes.
      limit.stop();
    }
  };

const timedOut = (ms: number): ApiError =>
  new ApiError("Timeout", `the request did not complete within ${ms / 1000} seconds`, { details: { retryAfterSeconds: 1 } });
