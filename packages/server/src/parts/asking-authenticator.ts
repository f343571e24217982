import { createHmac, randomBytes } from "node:crypto";
import type { Authentication, Authenticator } from "@dataplane/apiserver";
import { parseJson, readText, type ServerCall, send, type Transport } from "@dataplane/client";
import { ApiError, type Clock, type HttpRequest, isJsonObject, type JsonObject, type JsonValue, TimeLimit, type UserInfo } from "@dataplane/meta";
import { isLocal } from "../identity/request-origin.js";

const keptMs = 10_000;
const keptEntries = 10_000;
const answerLimitBytes = 1024 * 1024;

interface Kept {
  readonly until: number;
  readonly found: Promise<Authentication | undefined>;
}

/**
 * Asks the API server who a password or token is, with the caller's own Authorization header, and believes the answer for 10 s, never
 * longer than a token says of itself. What the API server makes depend on where a caller is holds for the true caller: who is not on this
 * machine is said to come through a proxy. Throws the API server's Unauthorized, ServiceUnavailable while it cannot be asked.
 */
export function askingAuthenticator({ transport, clock }: { readonly transport: Transport; readonly clock: Clock }): Authenticator {
  const key = randomBytes(32);
  const known = new Map<string, Kept>();
  return {
    async authenticate(request) {
      const { authorization } = request.headers;
      if (typeof authorization !== "string" || authorization === "") return undefined;
      const origin = isLocal(request) ? "" : originOf(request);
      // No credential stays in memory.
      const digest = createHmac("sha256", key).update(`${origin}\0${authorization}`).digest("base64");
      const now = clock.now().getTime();
      const kept = known.get(digest);
      if (kept !== undefined && now < kept.until) return kept.found;
      const expires = tokenEnd(authorization);
      const found = ask(transport, { authorization, origin, expires });
      if (known.size >= keptEntries) known.clear();
      known.set(digest, { until: Math.min(now + keptMs, expires ?? Number.POSITIVE_INFINITY), found });
      // A refusal may be mended a moment later, and so may a server that is away.
      found.catch(() => known.delete(digest));
      return found;
    },
  };
}

const originOf = ({ remoteAddress, headers }: HttpRequest): string => {
  const told = headers["x-forwarded-for"];
  return [...[told ?? []].flat(), remoteAddress].join(", ");
};

interface Question {
  readonly authorization: string;
  /** Who asked us, and for whom; empty for somebody on this machine. */
  readonly origin: string;
  readonly expires: number | undefined;
}

async function ask(transport: Transport, { authorization, origin, expires }: Question): Promise<Authentication | undefined> {
  const review = await answerTo(transport, {
    method: "POST",
    path: "/apis/authentication.k8s.io/v1/selfsubjectreviews",
    headers: { authorization, ...(origin === "" ? {} : { "x-forwarded-for": origin }) },
    content: { type: "application/json", value: { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" } },
  });
  const status = isJsonObject(review) && isJsonObject(review["status"]) ? review["status"] : {};
  const user = userOf(isJsonObject(status["userInfo"]) ? status["userInfo"] : {});
  if (user === undefined)
    throw new ApiError("ServiceUnavailable", "the API server did not say who the caller is", { details: { retryAfterSeconds: 1 } });
  return { user, credentialHeaders: ["authorization"], ...(expires === undefined ? {} : { expires }) };
}

async function answerTo(transport: Transport, call: ServerCall): Promise<JsonValue> {
  const limit = new TimeLimit({ ms: keptMs });
  try {
    const answer = await send(transport, { ...call, signal: limit.signal }).catch(asAnswerHere);
    return parseJson(await readText(answer.body, answerLimitBytes));
  } finally {
    limit.release();
  }
}

/** A refusal of who asks is the answer here too; all else is that server's trouble. */
function asAnswerHere(thrown: unknown): never {
  const error = ApiError.from(thrown);
  if (error.code === 401) {
    const challenge = 'Basic realm="data plane", charset="UTF-8", Bearer realm="data plane"';
    throw new ApiError("Unauthorized", error.message, { headers: { "www-authenticate": challenge } });
  }
  if (error.code === 429) throw error;
  throw new ApiError("ServiceUnavailable", "the API server cannot be asked who the caller is", { details: { retryAfterSeconds: 1 }, cause: thrown });
}

function userOf({ username, uid, groups, extra }: JsonObject): UserInfo | undefined {
  if (typeof username !== "string" || username === "") return undefined;
  const listed = (value: unknown): readonly string[] => (Array.isArray(value) ? value.filter((it) => typeof it === "string") : []);
  return {
    name: username,
    ...(typeof uid === "string" && uid !== "" ? { uid } : {}),
    groups: listed(groups),
    ...(isJsonObject(extra) ? { extra: Object.fromEntries(Object.entries(extra).map(([name, values]) => [name, listed(values)])) } : {}),
  };
}

/** When a JSON Web Token says that it ends, in milliseconds since the epoch: unproven, it can but shorten what is believed. */
function tokenEnd(authorization: string): number | undefined {
  const [scheme = "", token = ""] = authorization.split(" ");
  const [, payload, signature] = token.split(".");
  if (scheme.toLowerCase() !== "bearer" || payload === undefined || signature === undefined) return undefined;
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, "base64url").toString("utf8"));
    const end = isJsonObject(claims) ? claims["exp"] : undefined;
    return typeof end === "number" ? end * 1000 : undefined;
  } catch {
    return undefined;
  }
}
