import { type Handler, type HttpResponse, LightAbort, type Logger, silentLogger, type UserInfo } from "@dataplane/meta";
import { expect, test } from "vitest";
import { basicAuthenticator } from "../authn/basic.js";
import { bearerAuthenticator } from "../authn/bearer.js";
import { unionAuthenticator } from "../authn/union.js";
import { fixedRoles } from "../testing/fixed-roles.js";
import { filterChain } from "./chain.js";
import { withFilters } from "./filter.js";
import { limitDuration } from "./limit-duration.js";

const admin: UserInfo = { name: "admin", groups: ["dataplane:admin", "system:authenticated"] };
let hashes = 0;
const authenticator = unionAuthenticator([
  basicAuthenticator({
    verify: (user, password) => {
      hashes++;
      return Promise.resolve(user === "admin" && password === "pw:1" ? admin : undefined);
    },
  }),
  bearerAuthenticator({ verify: (token) => Promise.resolve(token === "t" ? { name: "bob", groups: ["system:authenticated"] } : undefined) }),
]);

const ok: Handler = ({ context }) => Promise.resolve({ status: 200, headers: {}, body: context.user?.name ?? "" });

function send(path: string, authorization?: string, handler: Handler = ok, logger: Logger = silentLogger, limitMs = 1_000): Promise<HttpResponse> {
  const filters = filterChain({ authenticator, authorizer: fixedRoles(), logger, newUid: () => "id", limitMs });
  return withFilters(
    filters,
    handler,
  )({
    method: "GET",
    path,
    query: new URLSearchParams(),
    headers: authorization === undefined ? {} : { authorization },
    body: (async function* () {})(),
    signal: new AbortController().signal,
    remoteAddress: "127.0.0.1",
    context: {},
  });
}

const basic = (text: string): string => `Basic ${Buffer.from(text).toString("base64")}`;

test("without a credential only probes and the version are answered", async () => {
  expect((await send("/livez")).status).toBe(200);
  expect((await send("/version")).status).toBe(200);
  const refused = await send("/apis");
  expect(refused.status).toBe(401);
  expect(refused.headers["www-authenticate"]).toContain("Basic");
  expect(refused.headers["audit-id"]).toBe("id");
});

test("a right password is hashed once, a wrong one each time", async () => {
  hashes = 0;
  for (let index = 0; index < 3; index++) expect((await send("/apis", basic("admin:pw:1"))).status).toBe(200);
  expect(hashes).toBe(1);
  for (let index = 0; index < 2; index++) expect((await send("/apis", basic("admin:no"))).status).toBe(401);
  expect(hashes).toBe(3);
});

test("any user may discover; without a role nothing else", async () => {
  expect((await send("/apis/g.io/v1", "Bearer t")).status).toBe(200);
  expect((await send("/apis/g.io/v1/things", "Bearer t")).status).toBe(403);
  expect((await send("/metrics", "Bearer t")).status).toBe(403);
  expect((await send("/apis", "Bearer x")).status).toBe(401);
});

test("what is no ApiError is 500 without its text, and logged with it", async () => {
  const logged: object[] = [];
  const logger = { ...silentLogger, error: (fields: object) => void logged.push(fields) };
  const response = await send("/apis", "Bearer t", () => Promise.reject(new Error("the secret")), logger);
  expect(response.status).toBe(500);
  expect(Buffer.from(response.body as Uint8Array).toString()).not.toContain("secret");
  expect(logged).toMatchObject([{ err: { message: "the secret" } }]);
});

test("what takes too long over a connection is 504, and the signal that aborts is the connection's", async () => {
  const light = new LightAbort();
  const filter = limitDuration({ limitMs: 20 });
  const asked = {
    ...{ method: "GET", path: "/", query: new URLSearchParams(), headers: {}, remoteAddress: "::1", context: {} },
    ...{ body: (async function* () {})(), signal: light, end: (reason: Error) => light.abort(reason) },
  };
  const answer: Handler = () => Promise.resolve({ status: 200, headers: {} });
  expect((await filter(asked, answer)).status).toBe(200);
  await expect(filter(asked, () => Promise.reject(new Error("its own")))).rejects.toThrow("its own");
  await expect(
    filter(asked, () => {
      throw new Error("at once");
    }),
  ).rejects.toThrow("at once");
  expect(light.aborted).toBe(false);
  await expect(filter(asked, () => new Promise(() => undefined))).rejects.toMatchObject({ code: 504 });
  expect(light.reason).toMatchObject({ code: 504 });
});

test("what takes too long is 504, and its signal aborts", async () => {
  let aborted = false;
  const slow: Handler = ({ signal }) =>
    new Promise((resolve) => {
      signal.addEventListener("abort", () => {
        aborted = true;
        resolve({ status: 200, headers: {} });
      });
    });
  expect((await send("/apis", "Bearer t", slow, silentLogger, 20)).status).toBe(504);
  expect(aborted).toBe(true);
});

test.each([["/apis/g/v1/namespaces/default/datasources/a/stream/x"], ["/apis/g/v1/namespaces/default/stream/x/y"]])("%s may last", async (path) => {
  const lasting: Handler = ({ signal }) =>
    new Promise((resolve) => void setTimeout(() => resolve({ status: signal.aborted ? 500 : 200, headers: {} }), 60));
  expect((await send(path, basic("admin:pw:1"), lasting, silentLogger, 20)).status).toBe(200);
});
