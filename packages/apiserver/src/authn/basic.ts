import { createHmac, randomBytes } from "node:crypto";
import type { HttpRequest, UserInfo } from "@dataplane/meta";
import { unauthorized } from "../chain/authenticate.js";
import type { Authenticator } from "./authenticator.js";
import { authorizationOf } from "./authorization-header.js";

export interface BasicOptions {
  /** Undefined when user and password do not fit. May be slow on purpose: its answer is kept for `cacheMs`. Throws an ApiError to refuse with words of its own. */
  readonly verify: (user: string, password: string, request: HttpRequest) => Promise<UserInfo | undefined>;
  /** How long a right password is believed without hashing it again; 10 s unless told. */
  readonly cacheMs?: number;
  readonly now?: () => number;
}

interface Believed {
  readonly user: UserInfo;
  readonly until: number;
}

const maxBelieved = 1_000;

/** HTTP Basic authentication (RFC 7617). The hot path does not hash: a credential that was right is known again by its HMAC. */
export function basicAuthenticator({ verify, cacheMs = 10_000, now = Date.now }: BasicOptions): Authenticator {
  // Of this process alone, so that the cache says nothing about the password to who reads it.
  const secret = randomBytes(32);
  const believed = new Map<string, Believed>();
  return {
    async authenticate(request) {
      const credential = authorizationOf(request, "basic");
      if (credential === undefined) return undefined;
      const key = createHmac("sha256", secret)
        .update(`${origin(request)}\0${credential}`)
        .digest("base64");
      const known = believed.get(key);
      if (known !== undefined && known.until > now()) return { user: known.user, credentialHeaders: ["authorization"] };
      const { user: name, password } = decoded(credential);
      const user = await verify(name, password, request);
      if (user === undefined) throw unauthorized();
      if (believed.size >= maxBelieved) believed.clear();
      believed.set(key, { user, until: now() + cacheMs });
      return { user, credentialHeaders: ["authorization"] };
    },
  };
}

/** `verify` may judge by where a request comes from, so what is believed holds for that origin only. */
function origin({ remoteAddress, headers }: HttpRequest): string {
  const isForwarded = Object.keys(headers).some((name) => name === "forwarded" || name.startsWith("x-forwarded-"));
  return isForwarded ? `${remoteAddress} forwarded` : remoteAddress;
}

function decoded(credential: string): { readonly user: string; readonly password: string } {
  const text = Buffer.from(credential, "base64").toString("utf8");
  const colon = text.indexOf(":");
  if (colon < 0) throw unauthorized();
  return { user: text.slice(0, colon), password: text.slice(colon + 1) };
}
