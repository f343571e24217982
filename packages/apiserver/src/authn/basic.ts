import { createHmac, randomBytes } from "node:crypto";
import type { HttpRequest, UserInfo } from "@dataplane/meta";
import { unauthorized } from "../chain/authenticate.js";
import type { Authenticator } from "./authenticator.js";
import { authorizationOf } from "./authorization-header.js";

export interface BasicOptions {
  /** Undefined when user and password do not fit. May be slow on purpose: its answer is kept for `cacheMs`. Throws an ApiError to refuse with words of its own. */
  readonly verify: (user: string, password: string, request: HttpRequest) => Promise<UserInfo | undefined>;
  /** How long a right password is believed without hashing it again; 10 s unless told. 0: `verify` is asked each time, and nothing is kept. */
  readonly cacheMs?: number;
  readonly now?: () => number;
}

interface Believed {
  readonly user: UserInfo;
  readonly until: number;
}

const maxBelieved = 1_000;
const credentialHeaders = ["authorization"];

/** HTTP Basic authentication (RFC 7617). */
export const basicAuthenticator = ({ verify, cacheMs = 10_000, now = Date.now }: BasicOptions): Authenticator => {
  const verified: Verified = cacheMs === 0 ? (credential, request) => verifiedUser(verify, credential, request) : believing(verify, cacheMs, now);
  return {
    authenticate(request) {
      const credential = authorizationOf(request, "basic");
      return credential === undefined ? undefined : verified(credential, request).then((user) => ({ user, credentialHeaders }));
    },
  };
};

type Verified = (credential: string, request: HttpRequest) => Promise<UserInfo>;

async function verifiedUser(verify: BasicOptions["verify"], credential: string, request: HttpRequest): Promise<UserInfo> {
  const { user: name, password } = decoded(credential);
  const user = await verify(name, password, request);
  if (user === undefined) throw unauthorized();
  return user;
}

/** The hot path does not hash: a credential that was right is known again by its HMAC. */
function believing(verify: BasicOptions["verify"], cacheMs: number, now: () => number): Verified {
  // Of this process alone, so that the cache says nothing about the password to who reads it.
  const secret = randomBytes(32);
  const believed = new Map<string, Believed>();
  return async (credential, request) => {
    const key = createHmac("sha256", secret)
      .update(`${origin(request)}\0${credential}`)
      .digest("base64");
    const known = believed.get(key);
    if (known !== undefined && known.until > now()) return known.user;
    const user = await verifiedUser(verify, credential, request);
    if (believed.size >= maxBelieved) believed.clear();
    believed.set(key, { user, until: now() + cacheMs });
    return user;
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
