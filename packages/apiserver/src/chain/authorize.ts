import { ApiError, type RequestInfo, type UserInfo } from "@dataplane/meta";
import type { Authorizer } from "../authz/authorizer.js";
import { anonymousPaths, unauthorized } from "./authenticate.js";
import type { Filter } from "./filter.js";

/** Asks the authorizer about the request as `request-info` parsed it; 403 in the words of kube-apiserver. */
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

function forbidden(user: UserInfo, info: RequestInfo, reason: string): ApiError {
  const tail = reason === "" ? "" : `: ${reason}`;
  if (!info.isResourceRequest) {
    return new ApiError("Forbidden", `forbidden: User ${quoted(user.name)} cannot ${info.verb} path ${quoted(info.path)}${tail}`, { details: {} });
  }
  const { group, resource, subresource, name, namespace, verb } = info;
  const what = subresource === "" ? resource : `${resource}/${subresource}`;
  const subject = `${group === "" ? resource : `${resource}.${group}`}${name === "" ? "" : ` ${quoted(name)}`}`;
  const where = namespace === "" ? "at the cluster scope" : `in the namespace ${quoted(namespace)}`;
  const message = `${subject} is forbidden: User ${quoted(user.name)} cannot ${verb} resource ${quoted(what)} in API group ${quoted(group)} ${where}${tail}`;
  return new ApiError("Forbidden", message, {
    details: { ...(name === "" ? {} : { name }), ...(group === "" ? {} : { group }), kind: resource },
  });
}

const quoted = (text: string): string => JSON.stringify(text);
