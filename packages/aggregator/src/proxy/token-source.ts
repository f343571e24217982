import { createHash } from "node:crypto";
import { ApiError, type Clock, isJsonObject, type JsonObject, TimeLimit } from "@dataplane/meta";
import type { UrlAuthor } from "../outbound/destination-rules.js";
import { exchange } from "../outbound/exchange.js";
import type { Outbound } from "../outbound/outbound.js";
import type { TokenGrant } from "./token-grants.js";

/** Tokens of token servers, kept while they are good. */
export interface TokenSource {
  /** Rejects with ApiError, or as a request to a backend does. */
  tokenFor(grant: TokenGrant, author: UrlAuthor): Promise<string>;
  /** A backend refused this token: the next call fetches another. */
  refused(grant: TokenGrant, token: string): void;
}

interface Kept {
  readonly token: string;
  readonly goodUntilMs: number;
}

/** A token is renewed while this is left: it has to be good on arrival. */
const marginMs = 10_000;
const timeoutMs = 30_000;
/** Without `expires_in` a token is taken to be good for so long. */
const assumedLifeMs = 60_000;
const longestLifeMs = 24 * 3_600_000;
const largestAnswerBytes = 64 * 1024;
const mostTokens = 1000;

/** One fetch is in flight for each grant, however many wait for it; none of them ends it for the others by leaving. */
export function createTokenSource({ outbound, clock }: { readonly outbound: Outbound; readonly clock: Clock }): TokenSource {
  const kept = new Map<string, Kept>();
  const fetching = new Map<string, Promise<Kept>>();

  const renew = async (key: string, grant: TokenGrant, author: UrlAuthor): Promise<Kept> => {
    const fetched = await fetchToken({ outbound, grant, author, now: clock.now() });
    kept.delete(key);
    kept.set(key, fetched);
    for (const [old, { goodUntilMs }] of kept) if (goodUntilMs < clock.now().getTime()) kept.delete(old);
    const [eldest] = kept.keys();
    if (kept.size > mostTokens && eldest !== undefined) kept.delete(eldest);
    return fetched;
  };

  return {
    async tokenFor(grant, author) {
      const key = keyOf(grant);
      const known = kept.get(key);
      if (known !== undefined && clock.now().getTime() < known.goodUntilMs - marginMs) return known.token;
      const fetch = fetching.get(key) ?? renew(key, grant, author).finally(() => fetching.delete(key));
      fetching.set(key, fetch);
      return (await fetch).token;
    },
    refused(grant, token) {
      const key = keyOf(grant);
      if (kept.get(key)?.token === token) kept.delete(key);
    },
  };
}

const keyOf = ({ identity }: TokenGrant): string => createHash("sha256").update(identity).digest("base64");

interface TokenFetch {
  readonly outbound: Outbound;
  readonly grant: TokenGrant;
  readonly author: UrlAuthor;
  readonly now: Date;
}

interface TokenAnswer {
  readonly status: number;
  readonly answer: JsonObject;
}

async function fetchToken({ outbound, grant, author, now }: TokenFetch): Promise<Kept> {
  const { status, answer } = await askForToken(outbound, { grant, author, now });
  const token = answer["access_token"];
  // The server's own words stay away: it may repeat what it was sent.
  if (status >= 400 && status < 500)
    throw new ApiError("BadRequest", "Authentication to data source failed: the token server refused the credentials");
  if (status !== 200 || typeof token !== "string" || !/^[\x21-\x7e]+$/.test(token))
    throw new ApiError("BadGateway", "the token server gave no token");
  return { token, goodUntilMs: now.getTime() + lifeOf(answer, now) };
}

async function askForToken(outbound: Outbound, { grant, author, now }: Omit<TokenFetch, "outbound">): Promise<TokenAnswer> {
  const form = await grant.form(now);
  // Bounds the reading of the answer too.
  const limit = new TimeLimit({ ms: timeoutMs + 5_000 });
  try {
    const { status, body } = await exchange(outbound, {
      url: grant.url,
      route: { author },
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded", accept: "application/json" },
      body: form.toString(),
      timeoutMs,
      signal: limit.signal,
    });
    return { status, answer: await readJson(body) };
  } finally {
    limit.release();
  }
}

/** Some servers write numbers as text, and some give the time instead of the seconds. */
function lifeOf(answer: JsonObject, now: Date): number {
  const seconds = Number(answer["expires_in"] ?? Number.NaN);
  const until = Number(answer["expires_on"] ?? Number.NaN);
  const life = Number.isFinite(seconds) ? seconds * 1000 : until * 1000 - now.getTime();
  return Number.isFinite(life) ? Math.min(longestLifeMs, Math.max(0, life)) : assumedLifeMs;
}

async function readJson(body: AsyncIterable<Uint8Array>): Promise<JsonObject> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of body) {
    size += piece.byteLength;
    if (size > largestAnswerBytes) throw new ApiError("BadGateway", "the answer of the token server is too large");
    pieces.push(piece);
  }
  try {
    const value: unknown = JSON.parse(Buffer.concat(pieces).toString("utf8"));
    return isJsonObject(value) ? value : {};
  } catch {
    return {};
  }
}
