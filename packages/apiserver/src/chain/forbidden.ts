import { ApiError, type RequestInfo, type UserInfo } from "@dataplane/meta";

/** 403 in the words of kube-apiserver. */
export function forbidden(user: UserInfo, info: RequestInfo, reason: string): ApiError {
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
