import { ApiError, type HttpResponse, type Logger } from "@dataplane/meta";
import { statusResponse } from "../render.js";
import type { Filter } from "./filter.js";

/** The one place where failures become answers. What is no ApiError is our bug: logged whole, and hidden from the client. */
export const recoverPanics =
  (logger: Logger): Filter =>
  (request, next) => {
    const recovered = (thrown: unknown): HttpResponse => {
      const error = ApiError.from(thrown);
      if (error.code === 500) {
        const { auditId, info } = request.context;
        logger.error({ err: error.cause ?? error, auditId, method: request.method, path: info?.path }, "a request failed by our own fault");
      }
      return statusResponse(error, request);
    };
    // eslint-disable-next-line sonarjs/no-try-promise -- both ways to fail are met: at once, and by the promise.
    try {
      return next(request).then(undefined, recovered);
    } catch (thrown) {
      // Filters that wait for nothing are no async functions: what they throw comes at once.
      return Promise.resolve(recovered(thrown));
    }
  };
