import type { RequestInfo } from "@dataplane/meta";
import type { Authorizer } from "../authz/authorizer.js";
import { anonymousPaths, unauthorized } from "./authenticate.js";
import type { Filter } from "./filter.js";
import { forbidden } from "./forbidden.js";

/** Asks the authorizer about the request as `request-info` parsed it. Throws Forbidden. */
export const authorize =
  (authorizer: Authorizer): Filter =>
  async (request, next) => {
    const { user, info } = request.context;
    if (user === undefined || info === undefined) throw unauthorized();
    if (isOpen(info)) return next(request);
    const { allowed, reason } = await authorizer.authorize(user, info);
    if (!allowed) throw forbidden(user, info, reason);
    return next(request);
  };

const isOpen = ({ isResourceRequest, path }: RequestInfo): boolean =>
  !isResourceRequest && (anonymousPaths.has(path) || /^\/(?:livez|readyz|healthz)\//.test(path));
