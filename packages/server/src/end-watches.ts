import type { Filter } from "@dataplane/apiserver";
import { LinkedAbort } from "@dataplane/meta";

/** Watches have no end of their own: they end, without an error, when the server stops; clients then watch again elsewhere. */
export function endWatches(stopping: AbortSignal): Filter {
  return (request, next) => {
    if (request.context.info?.verb !== "watch") return next(request);
    return next({ ...request, signal: new LinkedAbort(request.signal, stopping).signal });
  };
}
