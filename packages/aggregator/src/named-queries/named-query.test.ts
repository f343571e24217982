import { roleGroups } from "@dataplane/apiserver";
import { fixedRoles } from "@dataplane/apiserver/testing";
import { ApiError, type ApiObject, type UserInfo } from "@dataplane/meta";
import { expect, test } from "vitest";
import { call } from "../testing/call.js";
import { aPlugin } from "../testing/start-aggregator.js";
import { startNamedQueries } from "../testing/start-named-queries.js";
import { namedQueries } from "./named-query-definition.js";

const viewer: UserInfo = { name: "vic", groups: [roleGroups.viewer] };
const editor: UserInfo = { name: "eve", groups: [roleGroups.editor] };
const path = "/apis/query.grafana.app/v0alpha1/namespaces/default/queries/errors/run";

const errors: ApiObject = {
  apiVersion: "query.grafana.app/v0alpha1",
  kind: "Query",
  metadata: { name: "errors", namespace: "default" },
  spec: {
    datasource: { type: "prometheus", uid: "main" },
    queries: [{ refId: "A", expr: 'rate(errors{job="${param.job}"}[${param.window}])', datasource: { uid: "another" }, limit: { $param: "limit" } }],
    parameters: [
      { name: "job", type: "string", required: true, pattern: "[a-z]+", escape: "promql-string" },
      { name: "window", type: "duration", default: "5m" },
      { name: "limit", type: "integer", default: 10, maximum: 100 },
    ],
    from: "now-30m",
  },
};

const sentTo = (plugin: ReturnType<typeof aPlugin>) =>
  plugin.received.map(({ queries }) => JSON.parse(Buffer.from(queries[0]?.json ?? []).toString()) as object);

test("a run puts its values in and asks the query's own data source", async () => {
  const plugin = aPlugin({ id: "prometheus" });
  const { handler } = startNamedQueries(plugin, errors);
  const answer = await call(handler, "POST", path, { user: viewer, body: { parameters: { job: "api", limit: 3 } } });
  expect(answer).toMatchObject({ status: 200, json: { results: { A: { status: 200 } } } });
  expect(sentTo(plugin)).toEqual([{ refId: "A", expr: 'rate(errors{job="api"}[5m])', limit: 3, datasource: { type: "prometheus", uid: "main" } }]);
});

test("values that are wrong are 422, each with its field, and the plugin is not asked", async () => {
  const plugin = aPlugin({ id: "prometheus" });
  const { handler } = startNamedQueries(plugin, errors);
  const answer = await call(handler, "POST", path, { user: viewer, body: { parameters: { job: 'x"} or up{', limit: 1000, more: 1 } } });
  expect(answer).toMatchObject({ status: 422, json: { reason: "Invalid", details: { causes: expect.anything() as object } } });
  const { details } = answer.json as { readonly details: { readonly causes: readonly { readonly field: string }[] } };
  expect(details.causes.map(({ field }) => field)).toEqual(["parameters.more", "parameters.job", "parameters.limit"]);
  expect(plugin.received).toHaveLength(0);
});

test("only who is listed may run it, and who may change the list", async () => {
  const allow = { users: ["vic"], groups: ["on-call"] };
  const { handler } = startNamedQueries(aPlugin({ id: "prometheus" }), { ...errors, spec: { ...(errors["spec"] as object), allow } });
  const run = (user: UserInfo) => call(handler, "POST", path, { user, body: { parameters: { job: "api" } } });
  expect((await run(viewer)).status).toBe(200);
  expect((await run({ name: "oscar", groups: [roleGroups.viewer, "on-call"] })).status).toBe(200);
  expect((await run(editor)).status).toBe(200);
  expect(await run({ name: "mallory", groups: [roleGroups.viewer] })).toMatchObject({ status: 403, json: { reason: "Forbidden" } });
});

test.each([
  ["another method", "GET", {}, 405],
  ["no JSON", "POST", { body: "{" }, 400],
  ["a list", "POST", { body: "[]" }, 400],
  ["parameters that are none", "POST", { body: { parameters: 7 } }, 400],
  ["a time that is none", "POST", { body: { parameters: { job: "api" }, from: "never" } }, 400],
])("%s is refused", async (_what, method, sent, status) => {
  const { handler } = startNamedQueries(aPlugin({ id: "prometheus" }), errors);
  expect((await call(handler, method, path, { user: viewer, ...sent })).status).toBe(status);
});

test("a query that is not there is 404", async () => {
  const { handler } = startNamedQueries(aPlugin({ id: "prometheus" }), errors);
  expect((await call(handler, "POST", path.replace("errors", "none"), { user: viewer })).status).toBe(404);
});

const definition = namedQueries({ authorizer: fixedRoles() });
const causes = (spec: object): readonly string[] =>
  (definition.validate?.({ ...errors, spec: { ...(errors["spec"] as object), ...spec } }, undefined) ?? []).map(({ field }) => field);

test.each([
  ["a parameter that is not declared", { queries: [{ expr: "${param.nobody}" }] }, "spec.queries[0].expr"],
  [
    "a free text inside another without an escape",
    { parameters: [{ name: "job", type: "string" }], queries: [{ expr: "${param.job}" }] },
    "spec.queries[0].expr",
  ],
  ["a pattern that is none", { parameters: [{ name: "p", type: "string", pattern: "(" }], queries: [{}] }, "spec.parameters[0].pattern"],
  ["a default that is wrong", { parameters: [{ name: "p", type: "number", default: "x" }], queries: [{}] }, "spec.parameters[0].default"],
  ["bounds that cross", { parameters: [{ name: "p", type: "number", minimum: 2, maximum: 1 }], queries: [{}] }, "spec.parameters[0].maximum"],
  ["a refId twice", { parameters: [], queries: [{}, { refId: "A" }] }, "spec.queries[1].refId"],
])("%s is found when it is written", (_what, spec, field) => {
  expect(causes(spec)).toEqual([field]);
});

test.each(["${param.job}", "up{job='${param.job}'}", "up{job=`${param.job}`}", 'up{a="b"} or ${param.job}'])(
  "a free text outside of the quotes that its escape is for is found: %s",
  (expr) => {
    expect(causes({ parameters: [{ name: "job", type: "string", escape: "promql-string" }], queries: [{ expr }] })).toEqual(["spec.queries[0].expr"]);
  },
);

test("whether a place is inside quotes must be certain, and what makes it uncertain is said", () => {
  const found = (rawSql: string) => {
    const spec = { ...(errors["spec"] as object), parameters: [{ name: "job", type: "string", escape: "sql-string" }], queries: [{ rawSql }] };
    return (definition.validate?.({ ...errors, spec }, undefined) ?? []).map(({ message }) => message);
  };
  expect(found("SELECT 1 -- it's\n WHERE job = '${param.job}'")).toEqual([]);
  expect(found("SELECT 1 -- it's\n, ${param.job} -- '")).toEqual([expect.stringMatching(/must stand inside ' quotes$/)]);
  expect(found("SELECT 1 # it's\n WHERE job = '${param.job}'")).toEqual([expect.stringMatching(/not certain: a # is before it/)]);
});

test("who writes a query must be allowed to query its data source; who only changes a label need not", async () => {
  const input = {
    operation: "create",
    object: errors,
    old: undefined,
    oldHidden: undefined,
    dryRun: false,
    request: "create",
    now: new Date(),
  } as const;
  const denied = namedQueries({ authorizer: { authorize: ({ name }) => ({ allowed: name === "eve", reason: "" }) } });
  await expect(denied.prepare?.({ ...input, user: editor })).resolves.toMatchObject({ object: errors });
  await expect(denied.prepare?.({ ...input, user: viewer })).rejects.toThrow(ApiError);
  const labelled = { ...errors, metadata: { ...errors.metadata, labels: { a: "b" } } };
  await expect(denied.prepare?.({ ...input, operation: "update", object: labelled, old: errors, user: viewer })).resolves.toBeDefined();
  const other = { ...errors, spec: { ...(errors["spec"] as object), datasource: { type: "prometheus", uid: "secret" } } };
  await expect(denied.prepare?.({ ...input, operation: "update", object: other, old: errors, user: viewer })).rejects.toThrow(/may not query/);
});
