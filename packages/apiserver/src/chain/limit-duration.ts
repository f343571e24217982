import { ApiError, abortReason, badRequest, type Handler, type HttpRequest, type HttpResponse, type RequestInfo, TimeLimit } from "@dataplane/meta";
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
  (request, next) => {
    const { info } = request.context;
    if (info !== undefined && (mayLast(info) || isLongRunning(info))) return next(request);
    const askedMs = info === undefined ? 0 : timeoutOf(info, request.query);
    const endsAfterMs = askedMs > 0 && askedMs < limitMs ? askedMs : limitMs;
    return request.end === undefined ? followed(request, next, endsAfterMs) : ended(request, next, endsAfterMs);
  };

/** The request's own signal is what aborts: making another one that follows it costs more than all else here. */
function ended(request: HttpRequest, next: Handler, ms: number): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    // What it throws at once rejects this.
    const answer = next(request);
    const timer = setTimeout(() => {
      const reason = timedOut(ms);
      reject(reason);
      request.end?.(reason);
    }, ms).unref();
    answer.then(
      (response) => {
        // What is left of the answer may take its time, and still ends when the client goes.
        clearTimeout(timer);
        resolve(response);
      },
      (thrown: unknown) => {
        clearTimeout(timer);
        reject(thrown instanceof Error ? thrown : new Error(String(thrown)));
      },
    );
  });
}

/** Of a request whose signal only others can abort. */
async function followed(request: HttpRequest, next: Handler, ms: number): Promise<HttpResponse> {
  const limit = new TimeLimit({ ms, signal: request.signal, reason: () => timedOut(ms) });
  const late = new Promise<never>((_resolve, reject) => {
    limit.signal.addEventListener("abort", () => limit.isOver && reject(abortReason(limit.signal)), { once: true });
  });
  try {
    return await Promise.race([next({ ...request, signal: limit.signal }), late]);
  } finally {
    limit.stop();
  }
}

const timedOut = (ms: number): ApiError =>
  new ApiError("Timeout", `the request did not complete within ${ms / 1000} seconds`, { details: { retryAfterSeconds: 1 } });
