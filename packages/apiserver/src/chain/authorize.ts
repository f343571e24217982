import type { HttpResponse, RequestInfo } from "@dataplane/meta";
import type { Authorizer, Decision } from "../authz/authorizer.js";
import { anonymousPaths, unauthorized } from "./authenticate.js";
import type { Filter } from "./filter.js";
import { forbidden } from "./forbidden.js";

/** Asks the authorizer about the request as `request-info` parsed it. Throws Forbidden. */
export const authorize =
  (authorizer: Authorizer): Filter =>
  (request, next) => {
    const { user, info } = request.context;
    if (user === undefined || info === undefined) throw unauthorized();
    if (isOpen(info)) return next(request);
    const follow = ({ allowed, reason }: Decision): Promise<HttpResponse> => {
      if (!allowed) throw forbidden(user, info, reason);
      return next(request);
    };
    const decision = authorizer.authorize(user, info);
    return decision instanceof Promise ? decision.then(follow) : follow(decision);
  };

const isOpen = ({ isResourceRequest, path }: RequestInfo): boolean =>
  !isResourceRequest && (anonymousPaths.has(path) || /^\/(?:livez|readyz|healthz)\//.test(path));
