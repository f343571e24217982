import type { HttpRequest, UserInfo } from "@dataplane/meta";

/** Who the request comes from. `credentialHeaders` are the headers that proved it, which go no further. */
export interface Authentication {
  readonly user: UserInfo;
  readonly credentialHeaders: readonly string[];
  /** When the credential expires, in milliseconds since the epoch; absent for one that does not. */
  readonly expires?: number;
}

/**
 * Undefined when the request carries no credential of this kind, at once where that is seen at once; an ApiError Unauthorized when it carries a
 * bad one.
 */
export interface Authenticator {
  authenticate(request: HttpRequest): Promise<Authentication | undefined> | undefined;
}
