import { randomUUID } from "node:crypto";
import type { IssuedToken, TokenRequestSpec } from "@dataplane/apiserver";
import type { ApiClient, Informer, ResourceRef } from "@dataplane/client";
import { ApiError, type ApiObject, badRequest, conflict, isJsonObject, type JsonObject, systemGroups, type UserInfo } from "@dataplane/meta";
import { type JWTPayload, jwtVerify, SignJWT } from "jose";
import type { SigningKey } from "./signing-key.js";

export interface ServiceAccountTokensOptions {
  readonly key: SigningKey;
  /** `iss` of the tokens, and the audience that means this server. */
  readonly issuer: string;
  /** As the control plane. */
  readonly client: ApiClient;
  /** Of ServiceAccounts; run by the caller. */
  readonly accounts: Informer<ApiObject>;
  readonly now: () => Date;
}

export interface VerifiedAccount {
  readonly user: UserInfo;
  /** Those that were asked for and that the token is for; one at least. */
  readonly audiences: readonly string[];
}

/** Tokens of ServiceAccounts (https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#bound-service-account-tokens): each ends with its account. */
export interface ServiceAccountTokens {
  readonly issuer: string;
  issue(account: ApiObject, spec: TokenRequestSpec): Promise<IssuedToken>;
  /** `audiences` are those that count. Throws Unauthorized for a token that is forged, over, for others, or whose account or bound object is gone. */
  verify(token: string, audiences: readonly string[]): Promise<VerifiedAccount>;
}

const core = (resource: string): ResourceRef => ({ group: "", version: "v1", resource, namespaced: true });

export const serviceAccountsRef = core("serviceaccounts");

/** Claims by kind of what a token may be bound to, beside its account. */
const boundKinds = { Secret: { claim: "secret", ref: core("secrets") }, Pod: { claim: "pod", ref: core("pods") } } as const;

interface BoundClaim {
  readonly name: string;
  readonly uid: string;
}

export function serviceAccountTokens({ key, issuer, client, accounts, now }: ServiceAccountTokensOptions): ServiceAccountTokens {
  const checked = signatureChecks(key, issuer);

  return {
    issuer,

    async issue(account, spec) {
      const { name, namespace = "", uid = "" } = account.metadata;
      const bound = spec.boundObjectRef === undefined ? {} : await boundClaim(client, namespace, spec.boundObjectRef);
      const audiences = spec.audiences.length === 0 ? [issuer] : spec.audiences;
      const issued = Math.floor(now().getTime() / 1000);
      const expires = issued + spec.expirationSeconds;
      const token = await new SignJWT({ "kubernetes.io": { namespace, serviceaccount: { name, uid }, ...bound } })
        .setProtectedHeader({ alg: "ES256", kid: key.id })
        .setIssuer(issuer)
        .setSubject(`system:serviceaccount:${namespace}:${name}`)
        .setAudience([...audiences])
        .setIssuedAt(issued)
        .setNotBefore(issued)
        .setExpirationTime(expires)
        .setJti(randomUUID())
        .sign(key.privateKey);
      return { token, audiences, expires: new Date(expires * 1000) };
    },

    async verify(token, wanted) {
      const payload = await checked(token, now());
      const audiences = [payload.aud ?? []].flat().filter((it) => wanted.includes(it));
      if (audiences.length === 0) throw refused();
      const claims = payload["kubernetes.io"];
      if (!isJsonObject(claims)) throw refused();
      const namespace = textOf(claims["namespace"]);
      const account = claimIn(claims, "serviceaccount");
      await requireAccount({ client, accounts }, namespace, account);
      await requireBound(client, namespace, claims);
      return { user: userOf(namespace, account, claims, payload.jti), audiences };
    },
  };
}

const cacheSize = 1_000;

/** A signature is checked once; times and the account at each request. */
function signatureChecks({ publicKey }: SigningKey, issuer: string): (token: string, now: Date) => Promise<JWTPayload> {
  const known = new Map<string, JWTPayload>();
  return async (token, now) => {
    const kept = known.get(token);
    if (kept !== undefined && (kept.exp ?? 0) * 1000 > now.getTime()) return kept;
    known.delete(token);
    const options = { issuer, algorithms: ["ES256"], currentDate: now, requiredClaims: ["exp", "sub", "aud"] };
    const { payload } = await jwtVerify(token, publicKey, options).catch((cause: unknown) => {
      throw refused(cause);
    });
    if (known.size >= cacheSize) known.clear();
    known.set(token, payload);
    return payload;
  };
}

const refused = (cause?: unknown): ApiError =>
  new ApiError("Unauthorized", "the bearer token is not valid here, or has expired", cause === undefined ? {} : { cause });

async function boundClaim(client: ApiClient, namespace: string, ref: NonNullable<TokenRequestSpec["boundObjectRef"]>): Promise<JsonObject> {
  const { kind, apiVersion, name, uid } = ref;
  if (apiVersion !== "v1" || !isBoundKind(kind)) throw badRequest(`cannot bind token to object of type ${apiVersion}, Kind=${kind}`);
  const { claim, ref: resource } = boundKinds[kind];
  const { metadata } = await client.get<ApiObject>(resource, { name, namespace });
  if (uid !== "" && uid !== metadata.uid) {
    const why = `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`;
    throw conflict(kind, name, "", why);
  }
  return { [claim]: { name, uid: metadata.uid ?? "" } };
}

const isBoundKind = (kind: string): kind is keyof typeof boundKinds => Object.hasOwn(boundKinds, kind);

interface Accounts {
  readonly client: ApiClient;
  readonly accounts: Informer<ApiObject>;
}

/** One that was made a moment ago may not have been seen yet: before a refusal the server itself is asked. */
async function requireAccount({ client, accounts }: Accounts, namespace: string, { name, uid }: BoundClaim): Promise<void> {
  if (isSame(accounts.get(name, namespace), uid)) return;
  if (!isSame(await client.get<ApiObject>(serviceAccountsRef, { name, namespace }).catch(absent), uid)) throw refused();
}

async function requireBound(client: ApiClient, namespace: string, claims: JsonObject): Promise<void> {
  for (const { claim, ref } of Object.values(boundKinds)) {
    if (!Object.hasOwn(claims, claim)) continue;
    const { name, uid } = claimIn(claims, claim);
    if (!isSame(await client.get<ApiObject>(ref, { name, namespace }).catch(absent), uid)) throw refused();
  }
}

const isSame = (object: ApiObject | undefined, uid: string): boolean =>
  object?.metadata.uid === uid && object.metadata.deletionTimestamp === undefined;

function absent(thrown: unknown): undefined {
  if (thrown instanceof ApiError && thrown.reason === "NotFound") return undefined;
  throw thrown;
}

function claimIn(claims: JsonObject, name: string): BoundClaim {
  const claim = claims[name];
  return isJsonObject(claim) ? { name: textOf(claim["name"]), uid: textOf(claim["uid"]) } : { name: "", uid: "" };
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

function userOf(namespace: string, { name, uid }: BoundClaim, claims: JsonObject, jti: string | undefined): UserInfo {
  const pod = Object.hasOwn(claims, "pod") ? claimIn(claims, "pod") : undefined;
  const extra = {
    ...(jti === undefined ? {} : { "authentication.kubernetes.io/credential-id": [`JTI=${jti}`] }),
    ...(pod === undefined ? {} : { "authentication.kubernetes.io/pod-name": [pod.name], "authentication.kubernetes.io/pod-uid": [pod.uid] }),
  };
  const groups = ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, systemGroups.authenticated];
  return { name: `system:serviceaccount:${namespace}:${name}`, uid, groups, extra };
}
