import type { RequestInfo, UserInfo } from "@dataplane/meta";

export interface Decision {
  readonly allowed: boolean;
  /** For the Forbidden message; no secret. */
  readonly reason: string;
}

/** What a user may, as rules; `*` is all. For those who ask, not for deciding. */
export interface Rules {
  readonly resources: readonly {
    readonly verbs: readonly string[];
    readonly groups: readonly string[];
    readonly resources: readonly string[];
    /** Of the objects; all when absent. */
    readonly names?: readonly string[];
  }[];
  readonly paths: readonly { readonly verbs: readonly string[]; readonly paths: readonly string[] }[];
  /** There may be more than these. */
  readonly incomplete?: boolean;
}

/** May this user do that? */
export interface Authorizer {
  authorize(user: UserInfo, info: RequestInfo): Decision | Promise<Decision>;
  /** Where the decisions can be told as rules: those that hold in the namespace, or everywhere without one. */
  rules?(user: UserInfo, namespace?: string): Rules;
}
