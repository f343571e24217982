import { ApiError, dataPlaneUser, type RequestContext, type RequestInfo, systemGroups } from "@dataplane/meta";
import type { Filter } from "./filter.js";

export interface LimitInFlightOptions {
  /** Requests that only read, at one time; 0 is no limit. */
  readonly reads: number;
  /** Requests that write, at one time; 0 is no limit. */
  readonly writes: number;
}

const writeVerbs: ReadonlySet<string> = new Set(["create", "update", "patch", "delete", "deletecollection"]);

/** Non-resource requests have their method as verb. */
const isWrite = ({ verb }: RequestInfo): boolean => writeVerbs.has(verb) || verb === "post" || verb === "put";

/** Who rules the server must get through when it is flooded, and what this process asks of itself is not the flood. */
const isExempt = ({ user }: RequestContext): boolean => user?.groups.includes(systemGroups.masters) === true || user?.name === dataPlaneUser.name;

/** Refuses with 429 what comes while too many requests are being answered. Watches are not counted: they last. */
export function limitInFlight({ reads, writes }: LimitInFlightOptions): Filter {
  const kinds = { read: { limit: reads, inFlight: 0 }, write: { limit: writes, inFlight: 0 } };
  return async (request, next) => {
    const { info } = request.context;
    if (info === undefined || info.verb === "watch") return next(request);
    const kind = isWrite(info) ? kinds.write : kinds.read;
    if (kind.limit === 0 || isExempt(request.context)) return next(request);
    if (kind.inFlight >= kind.limit) throw tooManyRequests();
    kind.inFlight++;
    try {
      return await next(request);
    } finally {
      kind.inFlight--;
    }
  };
}

const tooManyRequests = (): ApiError =>
  new ApiError("TooManyRequests", "Too many requests, please try again later.", { details: { retryAfterSeconds: 1 } });
