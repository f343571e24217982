import type { RequestInfo, UserInfo } from "@dataplane/meta";

export interface Decision {
  readonly allowed: boolean;
  /** For the Forbidden message; no secret. */
  readonly reason: string;
}

/** What a user may, as rules; `*` is all. For those who ask, not for deciding. */
export interface Rules {
  readonly resources: readonly { readonly verbs: readonly string[]; readonly groups: readonly string[]; readonly resources: readonly string[] }[];
  readonly paths: readonly { readonly verbs: readonly string[]; readonly paths: readonly string[] }[];
}

/** May this user do that? Fixed roles by group now, RBAC later: the same interface. */
export interface Authorizer {
  authorize(user: UserInfo, info: RequestInfo): Decision | Promise<Decision>;
  /** Where the decisions can be told as rules. */
  rules?(user: UserInfo): Rules;
}
