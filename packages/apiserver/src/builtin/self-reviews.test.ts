import type { UserInfo } from "@dataplane/meta";
import { expect, test } from "vitest";
import { startApiServer } from "../testing/start-api-server.js";

const authorization = "/apis/authorization.k8s.io/v1";
const viewer: UserInfo = { name: "vera", groups: ["dataplane:viewer", "system:authenticated"], extra: { team: ["a"] } };

test("one is told who one is", async () => {
  await using api = await startApiServer();
  const answer = await api.call("/apis/authentication.k8s.io/v1/selfsubjectreviews", { method: "POST", body: {}, user: viewer });
  expect(answer).toMatchObject({
    status: 201,
    json: { kind: "SelfSubjectReview", status: { userInfo: { username: "vera", groups: viewer.groups, extra: { team: ["a"] } } } },
  });
});

test.each([
  ["reading", { resourceAttributes: { verb: "list", group: "example.com", resource: "widgets", namespace: "default" } }, true],
  ["querying", { resourceAttributes: { verb: "create", group: "p.datasource.grafana.app", resource: "datasources", subresource: "query" } }, true],
  ["writing", { resourceAttributes: { verb: "create", group: "", resource: "namespaces" } }, false],
  ["a path", { nonResourceAttributes: { verb: "get", path: "/apis" } }, true],
  ["a closed path", { nonResourceAttributes: { verb: "post", path: "/metrics" } }, false],
])("a viewer asks about %s", async (_what, spec, allowed) => {
  await using api = await startApiServer();
  const answer = await api.call(`${authorization}/selfsubjectaccessreviews`, { method: "POST", body: { spec }, user: viewer });
  expect(answer).toMatchObject({ status: 201, json: { spec, status: { allowed } } });
});

test("a question about nothing, or about two things, is invalid", async () => {
  await using api = await startApiServer();
  for (const spec of [{}, { resourceAttributes: {}, nonResourceAttributes: {} }]) {
    const answer = await api.call(`${authorization}/selfsubjectaccessreviews`, { method: "POST", body: { spec } });
    expect(answer).toMatchObject({ status: 422, json: { details: { causes: [{ field: "spec" }] } } });
  }
});

test("rights are listed; questions are neither stored nor read", async () => {
  await using api = await startApiServer();
  const body = { spec: { namespace: "default" } };
  const { json } = await api.call(`${authorization}/selfsubjectrulesreviews`, { method: "POST", body });
  expect(json["status"]).toMatchObject({ incomplete: false, resourceRules: [{ verbs: ["*"], apiGroups: ["*"], resources: ["*"] }] });
  expect((await api.call(`${authorization}/selfsubjectrulesreviews`)).status).toBe(405);
  const viewers = await api.call(`${authorization}/selfsubjectrulesreviews`, { method: "POST", body, user: viewer });
  expect(viewers.text).toContain('{"verbs":["get","list","watch"],"apiGroups":["*"],"resources":["*"]}');
});
