import type { RequestInfo, UserInfo } from "@dataplane/meta";
import { expect, test } from "vitest";
import type { Authorizer } from "../authz/authorizer.js";
import { startApiServer, type TestServer } from "../testing/start-api-server.js";
import { accessReviews } from "./access-reviews.js";
import { type TokenVerdict, tokenReviews } from "./token-reviews.js";

const authorization = "/apis/authorization.k8s.io/v1";
const asked: { user: UserInfo; info: RequestInfo }[] = [];
const authorizer: Authorizer = {
  authorize: (user, info) => {
    asked.push({ user, info });
    return user.name === "ann" ? { allowed: true, reason: "RBAC: allowed by a binding" } : { allowed: false, reason: "" };
  },
};

/** The reviews of this authorizer instead of those that the server was started with. */
const start = (): Promise<TestServer> =>
  startApiServer((registry) => {
    for (const definition of accessReviews(authorizer)) {
      registry.remove(definition);
      registry.add(definition);
    }
  });

const attributes = { namespace: "default", verb: "list", group: "example.com", resource: "widgets", subresource: "scale", name: "a" };

test("somebody else's rights are asked for with all that is known of them", async () => {
  await using api = await start();
  asked.length = 0;
  const spec = { user: "ann", groups: ["g"], uid: "u", extra: { scopes: ["a"] }, resourceAttributes: attributes };
  const answer = await api.call(`${authorization}/subjectaccessreviews`, { method: "POST", body: { spec } });
  expect(answer).toMatchObject({ status: 201, json: { status: { allowed: true, reason: "RBAC: allowed by a binding" } } });
  expect(asked).toMatchObject([{ user: { name: "ann", groups: ["g"], uid: "u" }, info: { isResourceRequest: true, ...attributes } }]);
  const path = { user: "bob", nonResourceAttributes: { path: "/metrics", verb: "get" } };
  const refused = await api.call(`${authorization}/subjectaccessreviews`, { method: "POST", body: { spec: path } });
  expect(refused.json["status"]).toEqual({ allowed: false });
});

test.each([
  ["nothing is asked", { user: "ann" }, "spec"],
  ["two things are asked", { user: "ann", resourceAttributes: {}, nonResourceAttributes: {} }, "spec"],
  ["nobody is named", { resourceAttributes: {} }, "spec.user"],
  ["a selector is empty", { user: "ann", resourceAttributes: { fieldSelector: {} } }, "spec.resourceAttributes.fieldSelector.requirements"],
  [
    "a selector is given twice",
    { user: "ann", resourceAttributes: { labelSelector: { rawSelector: "a=b", requirements: [{ key: "a", operator: "Exists" }] } } },
    "spec.resourceAttributes.labelSelector.rawSelector",
  ],
])("a question is invalid when %s", async (_what, spec, field) => {
  await using api = await start();
  const answer = await api.call(`${authorization}/subjectaccessreviews`, { method: "POST", body: { spec } });
  expect(answer).toMatchObject({ status: 422, json: { details: { causes: [{ field }] } } });
});

test("selectors are taken and change nothing", async () => {
  await using api = await start();
  const selectors = {
    fieldSelector: { requirements: [{ key: "metadata.name", operator: "In", values: ["a"] }] },
    labelSelector: { rawSelector: "a=b" },
  };
  const spec = { user: "ann", resourceAttributes: { ...attributes, ...selectors } };
  const answer = await api.call(`${authorization}/subjectaccessreviews`, { method: "POST", body: { spec } });
  expect(answer).toMatchObject({ status: 201, json: { spec: { resourceAttributes: selectors }, status: { allowed: true } } });
});

test("a question has no name", async () => {
  await using api = await start();
  const body = { metadata: { name: "x" }, spec: { user: "ann", resourceAttributes: {} } };
  const answer = await api.call(`${authorization}/subjectaccessreviews`, { method: "POST", body });
  expect(answer).toMatchObject({ status: 422, json: { details: { causes: [{ field: "metadata" }] } } });
});

test("a local question is about its own namespace, and about no path", async () => {
  await using api = await start();
  const ask = (spec: object) =>
    api.call(`${authorization}/namespaces/default/localsubjectaccessreviews`, { method: "POST", body: { spec: { user: "ann", ...spec } } });
  expect(await ask({ resourceAttributes: attributes })).toMatchObject({ status: 201, json: { status: { allowed: true } } });
  expect(await ask({ resourceAttributes: { ...attributes, namespace: "other" } })).toMatchObject({
    status: 422,
    json: { details: { causes: [{ field: "spec.resourceAttributes.namespace" }] } },
  });
  expect(await ask({ nonResourceAttributes: { path: "/", verb: "get" } })).toMatchObject({
    status: 422,
    json: { details: { causes: [{ field: "spec.nonResourceAttributes" }] } },
  });
});

test("a token's review says whom it speaks for and for which audiences, or why not", async () => {
  const verdict = (token: string, audiences: readonly string[]): Promise<TokenVerdict> =>
    Promise.resolve(token === "good" ? { user: { name: "ann", uid: "u", groups: ["g"] }, audiences } : { error: "the token has expired" });
  await using api = await startApiServer((registry) => registry.add(tokenReviews({ reviewToken: verdict })));
  const ask = (spec: object) => api.call("/apis/authentication.k8s.io/v1/tokenreviews", { method: "POST", body: { spec } });
  expect((await ask({ token: "good", audiences: ["a"] })).json["status"]).toEqual({
    authenticated: true,
    user: { username: "ann", uid: "u", groups: ["g"] },
    audiences: ["a"],
  });
  expect((await ask({ token: "bad" })).json["status"]).toEqual({ user: {}, error: "the token has expired" });
  expect(await ask({ token: "" })).toMatchObject({ status: 400, json: { message: "token is required for TokenReview in authentication" } });
});

test("without a namespace there is no list of rights", async () => {
  await using api = await start();
  const answer = await api.call(`${authorization}/selfsubjectrulesreviews`, { method: "POST", body: { spec: {} } });
  expect(answer).toMatchObject({ status: 400, json: { message: "no namespace on request" } });
});
