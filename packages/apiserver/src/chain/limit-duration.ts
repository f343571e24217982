import { ApiError, type RequestInfo } from "@dataplane/meta";
import type { Filter } from "./filter.js";

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

/** Ends what takes too long: the request's signal aborts, and the client gets 504. */
export const limitDuration =
  ({ limitMs = 60_000, isLongRunning = () => false }: LimitDurationOptions = {}): Filter =>
  async (request, next) => {
    const { info } = request.context;
    if (info !== undefined && (mayLast(info) || isLongRunning(info))) return next(request);
    const over = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        const error = new ApiError("Timeout", `the request did not complete within ${limitMs / 1000} seconds`, { details: { retryAfterSeconds: 1 } });
        reject(error);
        over.abort(error);
      }, limitMs);
      timer.unref();
    });
    try {
      return await Promise.race([next({ ...request, signal: AbortSignal.any([request.signal, over.signal]) }), late]);
    } finally {
      clearTimeout(timer);
    }
  };
