import type { BearerOptions, TokenReviewOptions } from "@dataplane/apiserver";
import { ApiError, type HttpRequest, type UserInfo } from "@dataplane/meta";
import { decodeJwt, type JWTPayload } from "jose";
import { requireLocalKubeconfig } from "./kubeconfig.js";
import type { ServiceAccountTokens } from "./service-account-tokens.js";
import type { Tokens } from "./tokens.js";

/** No token of ours is near this long; a longer one is not worth the work. */
const longestToken = 16 * 1024;

export interface BearerTokensOptions {
  readonly tokens: Tokens;
  readonly accounts: ServiceAccountTokens;
}

interface Verified {
  readonly user: UserInfo;
  readonly audiences: readonly string[];
}

/** Tokens of people and of ServiceAccounts, told apart by who says to have issued them. */
export function bearerTokens({ tokens, accounts }: BearerTokensOptions): Required<BearerOptions> & TokenReviewOptions {
  const verifyFor = async (token: string, audiences: readonly string[]): Promise<Verified> => {
    if (token.length > longestToken) throw refused();
    // Its word decides only who verifies it.
    if (claimsOf(token)?.iss !== accounts.issuer) {
      const user = await tokens.verify(token);
      return { user, audiences: audiences.filter((it) => it === accounts.issuer) };
    }
    return accounts.verify(token, audiences);
  };

  return {
    async verify(token, request: HttpRequest) {
      const { user } = await verifyFor(token, [accounts.issuer]);
      requireLocalKubeconfig(user, request);
      return user;
    },
    // Asked of what was verified just before.
    expires: (token) => (claimsOf(token)?.exp ?? 0) * 1000,
    async reviewToken(token, asked) {
      const audiences = asked.length === 0 ? [accounts.issuer] : asked;
      try {
        const found = await verifyFor(token, audiences);
        return found.audiences.length === 0 ? { error: "the token is for other audiences" } : found;
      } catch (thrown) {
        if (thrown instanceof ApiError && thrown.reason === "Unauthorized") return { error: thrown.message };
        throw thrown;
      }
    },
  };
}

/** What the token says, unverified; undefined when it is none of this kind. */
function claimsOf(token: string): JWTPayload | undefined {
  try {
    return decodeJwt(token);
  } catch {
    return undefined;
  }
}

const refused = (): ApiError => new ApiError("Unauthorized", "the bearer token is not valid here, or has expired");
