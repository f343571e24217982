import type { RequestInfo, UserInfo } from "@dataplane/meta";

export interface Decision {
  readonly allowed: boolean;
  /** For the Forbidden message; no secret. */
  readonly reason: string;
}

/** May this user do that? Fixed roles by group now, RBAC later: the same interface. */
export interface Authorizer {
  authorize(user: UserInfo, info: RequestInfo): Decision | Promise<Decision>;
}
