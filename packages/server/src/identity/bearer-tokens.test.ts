import { createHmac, generateKeyPairSync, type KeyObject } from "node:crypto";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { ApiClient, Informer } from "@dataplane/client";
import { ApiError, type ApiObject, type HttpRequest } from "@dataplane/meta";
import { SignJWT } from "jose";
import { expect, test } from "vitest";
import { bearerTokens } from "./bearer-tokens.js";
import { serviceAccountTokens } from "./service-account-tokens.js";
import { openTokens } from "./tokens.js";

const issuer = "https://kubernetes.default.svc";
const account: ApiObject = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "robot", namespace: "default", uid: "u1" } };
const secret: ApiObject = { apiVersion: "v1", kind: "Secret", metadata: { name: "s", namespace: "default", uid: "u2" } };

/** What is stored, and a clock that is turned by hand. */
function world() {
  const state = {
    objects: new Map([
      ["serviceaccounts/robot", account],
      ["secrets/s", secret],
    ]),
    now: new Date("2026-01-01T00:00:00Z"),
  };
  const get = (resource: string, name: string): Promise<ApiObject> => {
    const found = state.objects.get(`${resource}/${name}`);
    return found === undefined ? Promise.reject(new ApiError("NotFound", "gone")) : Promise.resolve(found);
  };
  const client = { get: ({ resource }: { resource: string }, { name }: { name: string }) => get(resource, name) } as unknown as ApiClient;
  const accounts = { get: (name: string) => state.objects.get(`serviceaccounts/${name}`) } as unknown as Informer<ApiObject>;
  const tokens = openTokens(mkdtempSync(path.join(tmpdir(), "bearer-")), () => state.now);
  const issued = serviceAccountTokens({ key: tokens.key, issuer, client, accounts, now: () => state.now });
  return { ...bearerTokens({ tokens, accounts: issued }), tokens, issued, state };
}

const here = { remoteAddress: "127.0.0.1", headers: {} } as unknown as HttpRequest;
const hour = { audiences: [], expirationSeconds: 3_600 } as const;
const seconds = (date: Date): number => Math.floor(date.getTime() / 1000);

test("a ServiceAccount's token speaks for it, with its groups", async () => {
  const { issued, verify, expires, state } = world();
  const { token, audiences } = await issued.issue(account, hour);
  expect(audiences).toEqual([issuer]);
  expect(await verify(token, here)).toMatchObject({
    name: "system:serviceaccount:default:robot",
    uid: "u1",
    groups: ["system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated"],
  });
  expect(expires(token)).toBe(state.now.getTime() + 3_600_000);
});

test("a token ends with its account, also when one of the same name is made again", async () => {
  const { issued, verify, state } = world();
  const { token } = await issued.issue(account, hour);
  state.objects.set("serviceaccounts/robot", { ...account, metadata: { ...account.metadata, uid: "another" } });
  await expect(verify(token, here)).rejects.toMatchObject({ code: 401 });
  state.objects.delete("serviceaccounts/robot");
  await expect(verify(token, here)).rejects.toMatchObject({ code: 401 });
});

test("a bound token ends with the object that it is bound to", async () => {
  const { issued, verify, state } = world();
  const boundObjectRef = { kind: "Secret", apiVersion: "v1", name: "s", uid: "" };
  const { token } = await issued.issue(account, { ...hour, boundObjectRef });
  expect((await verify(token, here))?.name).toContain("robot");
  state.objects.delete("secrets/s");
  await expect(verify(token, here)).rejects.toMatchObject({ code: 401 });
  await expect(issued.issue(account, { ...hour, boundObjectRef })).rejects.toMatchObject({ code: 404 });
  state.objects.set("secrets/s", secret);
  await expect(issued.issue(account, { ...hour, boundObjectRef: { ...boundObjectRef, uid: "x" } })).rejects.toMatchObject({ code: 409 });
  await expect(issued.issue(account, { ...hour, boundObjectRef: { ...boundObjectRef, kind: "Lease" } })).rejects.toMatchObject({ code: 400 });
});

test("a token for another audience is no key to this server, and is reviewed for that audience", async () => {
  const { issued, verify, reviewToken } = world();
  const { token } = await issued.issue(account, { audiences: ["vault"], expirationSeconds: 3_600 });
  await expect(verify(token, here)).rejects.toMatchObject({ code: 401 });
  expect(await reviewToken(token, ["vault", "other"])).toMatchObject({ audiences: ["vault"], user: { name: "system:serviceaccount:default:robot" } });
  expect(await reviewToken(token, [])).toHaveProperty("error");
  expect(await reviewToken("nonsense", [])).toHaveProperty("error");
});

type World = ReturnType<typeof world>;

/** A token as `issue` makes it, with other claims, header or key. */
function forged(
  { tokens, state }: World,
  more: { claims?: object; header?: object; key?: KeyObject | Uint8Array; alg?: string } = {},
): Promise<string> {
  const now = seconds(state.now);
  const claims = {
    ...{ iss: issuer, sub: "system:serviceaccount:default:robot", aud: [issuer], iat: now, nbf: now, exp: now + 3_600, jti: "j" },
    "kubernetes.io": { namespace: "default", serviceaccount: { name: "robot", uid: "u1" } },
    ...more.claims,
  };
  const header = { alg: more.alg ?? "ES256", kid: tokens.key.id, ...more.header };
  return new SignJWT(JSON.parse(JSON.stringify(claims)) as Record<string, unknown>)
    .setProtectedHeader(header)
    .sign(more.key ?? tokens.key.privateKey);
}

const part = (value: object | string): string => Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");

async function parts(world: World): Promise<readonly [string, string, string]> {
  const [header = "", payload = "", signature = ""] = (await forged(world)).split(".");
  return [header, payload, signature];
}

const otherKey = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
const rsaKey = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;

/** Bad tokens; the one thing that differs from a good one is in the name. */
const bad: Readonly<Record<string, (world: World) => Promise<string> | string>> = {
  "expired an hour ago": (it) => forged(it, { claims: { exp: seconds(it.state.now) - 3_600 } }),
  "expired a second ago": (it) => forged(it, { claims: { exp: seconds(it.state.now) - 1 } }),
  "expiring now": (it) => forged(it, { claims: { exp: seconds(it.state.now) } }),
  "not valid before an hour from now": (it) => forged(it, { claims: { nbf: seconds(it.state.now) + 3_600 } }),
  "with an end that is text": (it) => forged(it, { claims: { exp: "tomorrow" } }),
  "without an end": (it) => forged(it, { claims: { exp: undefined } }),
  "with a beginning that is text": (it) => forged(it, { claims: { nbf: "yesterday" } }),
  "with alg none": async (it) => `${part({ alg: "none" })}.${(await parts(it))[1]}.`,
  "with alg None and its signature": async (it) => `${part({ alg: "None" })}.${(await parts(it))[1]}.${(await parts(it))[2]}`,
  "without alg": async (it) => `${part({ typ: "JWT" })}.${(await parts(it))[1]}.${(await parts(it))[2]}`,
  "with alg HS256, keyed by the public key": async (it) => {
    const pem = it.tokens.key.publicKey.export({ type: "spki", format: "pem" });
    const signed = `${part({ alg: "HS256" })}.${(await parts(it))[1]}`;
    return `${signed}.${createHmac("sha256", pem).update(signed).digest("base64url")}`;
  },
  "with alg HS256 and an empty key": async (it) => {
    const signed = `${part({ alg: "HS256" })}.${(await parts(it))[1]}`;
    return `${signed}.${createHmac("sha256", "").update(signed).digest("base64url")}`;
  },
  "signed by RS256 with another key": (it) => forged(it, { alg: "RS256", key: rsaKey }),
  "signed by another key of the same kind": (it) => forged(it, { key: otherKey }),
  "that brings its own key": (it) => forged(it, { key: otherKey, header: { jwk: it.tokens.key.jwk } }),
  "with a critical header that nobody knows": async (it) => {
    const [, payload, signature] = await parts(it);
    return `${part({ alg: "ES256", crit: ["x"], x: 1 })}.${payload}.${signature}`;
  },
  "for another audience": (it) => forged(it, { claims: { aud: ["vault"] } }),
  "for an audience that only begins like ours": (it) => forged(it, { claims: { aud: [`${issuer}.example.com`] } }),
  "for no audience": (it) => forged(it, { claims: { aud: [] } }),
  "without an audience": (it) => forged(it, { claims: { aud: undefined } }),
  "of another issuer": (it) => forged(it, { claims: { iss: "https://example.com" } }),
  "without an issuer": (it) => forged(it, { claims: { iss: undefined } }),
  "without a subject": (it) => forged(it, { claims: { sub: undefined } }),
  "without the account": (it) => forged(it, { claims: { "kubernetes.io": { namespace: "default" } } }),
  "without the claims of Kubernetes": (it) => forged(it, { claims: { "kubernetes.io": undefined } }),
  "whose claims of Kubernetes are text": (it) => forged(it, { claims: { "kubernetes.io": "robot" } }),
  "of an account that is not there": (it) =>
    forged(it, { claims: { "kubernetes.io": { namespace: "default", serviceaccount: { name: "ghost", uid: "u1" } } } }),
  "of an account that was made again": (it) =>
    forged(it, { claims: { "kubernetes.io": { namespace: "default", serviceaccount: { name: "robot", uid: "old" } } } }),
  "of an account without a uid": (it) => forged(it, { claims: { "kubernetes.io": { namespace: "default", serviceaccount: { name: "robot" } } } }),
  "bound to a secret that is not there": (it) =>
    forged(it, {
      claims: { "kubernetes.io": { namespace: "default", serviceaccount: { name: "robot", uid: "u1" }, secret: { name: "gone", uid: "u9" } } },
    }),
  "revoked by the end of its account": async (it) => {
    const token = await forged(it);
    it.state.objects.delete("serviceaccounts/robot");
    return token;
  },
  "with another payload under a good signature": async (it) => {
    const [header, payload, signature] = await parts(it);
    const claims = { ...(JSON.parse(Buffer.from(payload, "base64url").toString()) as object), sub: "system:serviceaccount:kube-system:root" };
    return `${header}.${part(claims)}.${signature}`;
  },
  "with a cut signature": async (it) => (await forged(it)).slice(0, -8),
  "with no signature": async (it) => `${(await parts(it))[0]}.${(await parts(it))[1]}`,
  "with a signature of zeros": async (it) => `${(await parts(it))[0]}.${(await parts(it))[1]}.${Buffer.alloc(64).toString("base64url")}`,
  "in four parts": async (it) => `${await forged(it)}.x`,
  "whose payload is no JSON": async (it) => `${(await parts(it))[0]}.${part("{")}.${(await parts(it))[2]}`,
  "whose payload is a list": async (it) => `${(await parts(it))[0]}.${part("[]")}.${(await parts(it))[2]}`,
  "of a megabyte": (it) => forged(it, { claims: { pad: "x".repeat(1_000_000) } }),
  "of 20 KiB, well signed": (it) => forged(it, { claims: { pad: "x".repeat(20_000) } }),
  "of dots": () => "....",
  "of nothing but a name": () => "admin",
  "that is a word of the prototype": () => `${part({ alg: "ES256", __proto__: null })}.${part('{"__proto__":{"iss":"x"}}')}.x`,
  "of a person, from another installation": async (it) => {
    const other = openTokens(mkdtempSync(path.join(tmpdir(), "other-")), () => it.state.now);
    return other.sign({ name: "kubeconfig-admin", groups: ["system:masters"] });
  },
  "of a person, a month and a day old": async (it) => {
    const token = await it.tokens.sign({ name: "ann", groups: ["g"] });
    it.state.now = new Date(it.state.now.getTime() + 31 * 86_400_000);
    return token;
  },
};

test.each(Object.keys(bad))("a token %s is 401, and an error of a review", async (name) => {
  const it = world();
  const token = (await bad[name]?.(it)) ?? "";
  await expect(it.verify(token, here)).rejects.toMatchObject({ code: 401, reason: "Unauthorized" });
  expect(await it.reviewToken(token, [])).toHaveProperty("error");
});

test("there are forty of them and more, and the token that they are made from is good", async () => {
  expect(Object.keys(bad).length).toBeGreaterThanOrEqual(40);
  const it = world();
  expect((await it.verify(await forged(it), here))?.name).toBe("system:serviceaccount:default:robot");
});
