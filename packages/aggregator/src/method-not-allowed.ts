import { ApiError } from "@dataplane/meta";

/** 405 with the Allow header that RFC 9110 asks for; `allow` is a comma list. */
export const methodNotAllowed = (method: string, allow: string): ApiError =>
  new ApiError("MethodNotAllowed", `${method} is not allowed here, only ${allow}`, { headers: { allow } });
