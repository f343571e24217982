import { createHash, randomUUID } from "node:crypto";
import { ApiError, systemGroups, type UserInfo } from "@dataplane/meta";
import { jwtVerify, SignJWT } from "jose";
import { openSigningKey, type SigningKey } from "./signing-key.js";

const issuer = "data-plane-aggregator";
/** A kubeconfig's token lives so long, and is renewed daily. */
const lifetimeSeconds = 30 * 86_400;
const cacheSize = 1_000;

/** Signs and verifies the server's own bearer tokens: ES256 JWTs whose audience is this installation. */
export interface Tokens {
  /** What they are signed with; ServiceAccounts' tokens are too. */
  readonly key: SigningKey;
  sign(user: UserInfo): Promise<string>;
  /** Throws Unauthorized for a token of ours that is expired, forged or for another server. */
  verify(token: string): Promise<UserInfo>;
  /** When a token that was just verified expires, in milliseconds since the epoch. */
  expires(token: string): number | undefined;
}

/** The signing key is made at the first start and kept in `<directory>/token-signing.key` (0600). */
export function openTokens(directory: string, now: () => Date): Tokens {
  const key = openSigningKey(directory);
  const { privateKey, publicKey } = key;
  const audience = `${issuer}:${createHash("sha256")
    .update(publicKey.export({ type: "spki", format: "der" }))
    .digest("hex")
    .slice(0, 16)}`;
  // A signature check costs about 0.1 ms; clients send the same token for weeks.
  const verified = new Map<string, { readonly user: UserInfo; readonly expires: number }>();

  return {
    key,

    expires: (token) => verified.get(token)?.expires,

    sign: (user) =>
      new SignJWT({ groups: user.groups })
        .setProtectedHeader({ alg: "ES256" })
        .setSubject(user.name)
        .setIssuer(issuer)
        .setAudience(audience)
        .setIssuedAt(now())
        .setExpirationTime(Math.floor(now().getTime() / 1000) + lifetimeSeconds)
        .setJti(randomUUID())
        .sign(privateKey),

    async verify(token) {
      const known = verified.get(token);
      if (known !== undefined && known.expires > now().getTime()) return known.user;
      verified.delete(token);
      const { payload } = await jwtVerify(token, publicKey, {
        issuer,
        audience,
        algorithms: ["ES256"],
        currentDate: now(),
        requiredClaims: ["exp", "sub"],
      }).catch((error: unknown) => {
        throw new ApiError("Unauthorized", "the bearer token is not valid here, or has expired", { cause: error });
      });
      const user: UserInfo = { name: payload.sub ?? "", groups: [...stringsOf(payload["groups"]), systemGroups.authenticated] };
      if (verified.size >= cacheSize) verified.clear();
      verified.set(token, { user, expires: (payload.exp ?? 0) * 1000 });
      return user;
    },
  };
}

const stringsOf = (value: unknown): readonly string[] => (Array.isArray(value) ? value.filter((it) => typeof it === "string") : []);
