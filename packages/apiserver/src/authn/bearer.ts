import type { HttpRequest, UserInfo } from "@dataplane/meta";
import { unauthorized } from "../chain/authenticate.js";
import type { Authentication, Authenticator } from "./authenticator.js";
import { authorizationOf } from "./authorization-header.js";

export interface BearerOptions {
  /** Undefined when the token is not ours or over. Throws an ApiError to refuse with words of its own. */
  readonly verify: (token: string, request: HttpRequest) => Promise<UserInfo | undefined>;
  /** When a token that was verified expires, in milliseconds since the epoch; undefined when that is not known. */
  readonly expires?: (token: string) => number | undefined;
}

/** Bearer tokens (RFC 6750), of the Authorization header only. */
export const bearerAuthenticator = ({ verify, expires }: BearerOptions): Authenticator => {
  const authenticated = async (credential: string, request: HttpRequest): Promise<Authentication> => {
    const user = await verify(credential, request);
    if (user === undefined) throw unauthorized();
    const until = expires?.(credential);
    return { user, credentialHeaders: ["authorization"], ...(until === undefined ? {} : { expires: until }) };
  };
  return {
    authenticate(request) {
      const credential = authorizationOf(request, "bearer");
      return credential === undefined ? undefined : authenticated(credential, request);
    },
  };
};
