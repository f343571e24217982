import { isJsonObject, type JsonObject } from "@dataplane/meta";
import { expect, test } from "vitest";
import { type AWebhook, aWebhook, patching } from "../../testing/a-webhook.js";
import { type Answer, startApiServer, type TestServer } from "../../testing/start-api-server.js";
import { widgets } from "../../testing/widgets.js";

const allRules: JsonObject = { operations: ["*"], apiGroups: ["*"], apiVersions: ["*"], resources: ["*/*"] };
const widgetRules: JsonObject = { operations: ["*"], apiGroups: ["example.com"], apiVersions: ["v1"], resources: ["widgets"] };

interface Configured {
  readonly name?: string;
  readonly path?: string;
  readonly kind?: "Mutating" | "Validating";
}

/** One configuration of one webhook. */
async function configure(
  server: TestServer,
  hook: AWebhook,
  webhook: JsonObject,
  { name = "a", path = "/", kind = "Validating" }: Configured = {},
): Promise<Answer> {
  const base = {
    name: `${name}.hooks.example.com`,
    clientConfig: hook.clientConfig(path),
    rules: [widgetRules],
    sideEffects: "None",
    admissionReviewVersions: ["v1"],
  };
  const body = { kind: `${kind}WebhookConfiguration`, metadata: { name }, webhooks: [{ ...base, ...webhook }] };
  const answer = await server.call(`/apis/admissionregistration.k8s.io/v1/${kind.toLowerCase()}webhookconfigurations`, { method: "POST", body });
  expect(answer.text).toContain('"uid"');
  return answer;
}

const widgetsPath = "/apis/example.com/v1/namespaces/default/widgets";
const widget = (name: string, spec: JsonObject = {}, labels: JsonObject = {}): JsonObject => ({
  metadata: { name, labels },
  spec: { color: "red", ...spec },
});
const create = (server: TestServer, body: JsonObject, query = ""): Promise<Answer> => server.call(`${widgetsPath}${query}`, { method: "POST", body });
const start = (): Promise<TestServer> => startApiServer((registry) => registry.add(widgets));
const allow = (): JsonObject => ({ allowed: true });
const nameIn = (request: JsonObject): unknown =>
  isJsonObject(request["object"]) && isJsonObject(request["object"]["metadata"]) ? request["object"]["metadata"]["name"] : undefined;

test("a validating webhook is asked about creation, update, status, deletion and each object of a collection, with what it needs to know", async () => {
  await using server = await start();
  await using hook = await aWebhook(() => ({ allowed: true, warnings: ["think twice"] }));
  await configure(server, hook, { rules: [{ ...widgetRules, resources: ["widgets", "widgets/status"] }] });
  const created = await create(server, widget("w"), "?fieldManager=me&fieldValidation=Strict");
  expect(created.status).toBe(201);
  expect(created.headers["warning"]).toEqual(['299 - "think twice"']);
  await server.call(`${widgetsPath}/w`, {
    method: "PATCH",
    headers: { "content-type": "application/merge-patch+json" },
    body: { spec: { color: "green" } },
  });
  await server.call(`${widgetsPath}/w/status`, {
    method: "PATCH",
    headers: { "content-type": "application/merge-patch+json" },
    body: { status: { phase: "x" } },
  });
  await server.call(`${widgetsPath}/w?propagationPolicy=Background`, { method: "DELETE" });
  await create(server, widget("x"));
  await server.call(widgetsPath, { method: "DELETE" });
  const requests = hook.asked.map(({ request }) => request);
  expect(requests.map(({ operation, name, subResource }) => [operation, name, subResource])).toEqual([
    ["CREATE", "w", undefined],
    ["UPDATE", "w", undefined],
    ["UPDATE", "w", "status"],
    ["DELETE", "w", undefined],
    ["CREATE", "x", undefined],
    ["DELETE", "x", undefined],
  ]);
  expect(requests[0]).toMatchObject({
    kind: { group: "example.com", version: "v1", kind: "Widget" },
    resource: { group: "example.com", version: "v1", resource: "widgets" },
    requestKind: { group: "example.com", version: "v1", kind: "Widget" },
    namespace: "default",
    userInfo: { username: "system:apiserver", groups: ["system:masters", "system:authenticated"] },
    object: { apiVersion: "example.com/v1", kind: "Widget", metadata: { name: "w", namespace: "default" }, spec: { color: "red", size: 1 } },
    oldObject: null,
    dryRun: false,
    options: { kind: "CreateOptions", apiVersion: "meta.k8s.io/v1", fieldManager: "me", fieldValidation: "Strict" },
  });
  expect(requests[1]).toMatchObject({
    object: { spec: { color: "green" } },
    oldObject: { spec: { color: "red" } },
    options: { kind: "UpdateOptions" },
  });
  expect(requests[3]).toMatchObject({
    object: null,
    oldObject: { spec: { color: "green" } },
    options: { kind: "DeleteOptions", propagationPolicy: "Background" },
  });
});

test("a refusal is passed on with its code and its words, and nothing is stored", async () => {
  await using server = await start();
  await using hook = await aWebhook(({ operation }) => ({
    allowed: operation !== "CREATE" && operation !== "DELETE",
    status: operation === "CREATE" ? { code: 403, reason: "Forbidden", message: "no widgets today" } : {},
  }));
  await configure(server, hook, { rules: [{ ...widgetRules, operations: ["CREATE"] }] });
  const refused = await create(server, widget("w"));
  expect(refused.status).toBe(403);
  expect(refused.json).toMatchObject({
    reason: "Forbidden",
    message: 'admission webhook "a.hooks.example.com" denied the request: no widgets today',
  });
  expect((await server.call(`${widgetsPath}/w`)).status).toBe(404);
  const path = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/a";
  expect((await server.call(path, { method: "DELETE" })).status).toBe(200);
  expect((await create(server, widget("w"))).status).toBe(201);
  await configure(server, hook, {});
  const kept = await server.call(`${widgetsPath}/w`, { method: "DELETE" });
  expect([kept.status, kept.json["message"]]).toEqual([400, 'admission webhook "a.hooks.example.com" denied the request without explanation']);
  expect((await server.call(widgetsPath, { method: "DELETE" })).status).toBe(400);
  expect((await server.call(`${widgetsPath}/w`)).status).toBe(200);
});

test("mutating webhooks change the object in order; what they add is defaulted, pruned, validated, and its writer's", async () => {
  await using server = await start();
  await using hook = await aWebhook((_request, path) =>
    path === "/first"
      ? patching({ op: "add", path: "/spec/parts", value: [{ name: "p" }] }, { op: "add", path: "/spec/unknown", value: 1 })
      : patching({ op: "replace", path: "/spec/parts/0/name", value: "q" }, { op: "add", path: "/metadata/labels", value: { by: "hook" } }),
  );
  await configure(server, hook, {}, { name: "a", path: "/first", kind: "Mutating" });
  await configure(server, hook, {}, { name: "b", path: "/second", kind: "Mutating" });
  const { json } = await create(server, widget("w"), "?fieldManager=me");
  expect(json).toMatchObject({ metadata: { labels: { by: "hook" }, generation: 1 }, spec: { color: "red", size: 1, parts: [{ name: "q" }] } });
  expect(JSON.stringify(json)).not.toContain("unknown");
  expect(json.metadata?.["managedFields"]).toMatchObject([{ manager: "me", fieldsV1: { "f:spec": { "f:parts": { 'k:{"name":"q"}': {} } } } }]);
  expect(hook.asked.map(({ path }) => path)).toEqual(["/first", "/second"]);
});

test("a mutation must leave a valid object, and the same one", async () => {
  await using server = await start();
  await using hook = await aWebhook((request) =>
    nameIn(request) === "renamed"
      ? patching({ op: "replace", path: "/metadata/name", value: "other" })
      : nameIn(request) === "unpatchable"
        ? patching({ op: "remove", path: "/spec/nothing" })
        : patching({ op: "replace", path: "/spec/color", value: "mauve" }),
  );
  await configure(server, hook, {}, { kind: "Mutating" });
  const invalid = await create(server, widget("w"));
  expect([invalid.status, invalid.json["message"]]).toEqual([422, expect.stringContaining('spec.color: Unsupported value: "mauve"')]);
  const renamed = await create(server, widget("renamed"));
  expect([renamed.status, renamed.json["message"]]).toEqual([500, expect.stringContaining("changed metadata.name, which a mutation must not")]);
  const unpatchable = await create(server, widget("unpatchable"));
  expect([unpatchable.status, unpatchable.json["message"]]).toEqual([
    500,
    expect.stringContaining('admission webhook "a.hooks.example.com" answered with a patch'),
  ]);
});

test("one that wants to is asked again about what others after it changed, once", async () => {
  await using server = await start();
  await using hook = await aWebhook((_request, path) =>
    path === "/count" ? allow() : patching({ op: "add", path: "/spec/parts", value: [{ name: path.slice(1) }] }),
  );
  await configure(server, hook, { reinvocationPolicy: "IfNeeded" }, { name: "a", path: "/count", kind: "Mutating" });
  await configure(server, hook, {}, { name: "b", path: "/p", kind: "Mutating" });
  await configure(server, hook, { reinvocationPolicy: "IfNeeded" }, { name: "c", path: "/count", kind: "Mutating" });
  expect((await create(server, widget("w"))).status).toBe(201);
  expect(hook.asked.map(({ path }) => path)).toEqual(["/count", "/p", "/count", "/count"]);
});

test("a webhook that cannot be asked keeps the write from happening, unless it says that this is to be ignored", async () => {
  await using server = await start();
  const gone = { clientConfig: { url: "https://127.0.0.1:1/x" } };
  await using hook = await aWebhook(() => ({ allowed: true, uid: "other" }));
  await configure(server, hook, { ...gone, failurePolicy: "Ignore" }, { name: "ignored", kind: "Mutating" });
  expect((await create(server, widget("w"))).status).toBe(201);
  await configure(server, hook, gone);
  const failed = await create(server, widget("x"));
  const words =
    'Internal error occurred: failed calling webhook "a.hooks.example.com": failed to call webhook: Post "https://127.0.0.1:1/x?timeout=10s": dial tcp 127.0.0.1:1: connect: connection refused';
  expect([failed.status, failed.json["reason"], failed.json["message"]]).toEqual([500, "InternalError", words]);
  await server.call("/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/a", { method: "DELETE" });
  await configure(server, hook, {});
  const wrong = await create(server, widget("x"));
  expect([wrong.status, wrong.json["message"]]).toEqual([500, expect.stringContaining('received invalid webhook response: expected response.uid="')]);
});

test("rules, scope, selectors and conditions choose what a webhook is asked about", async () => {
  await using server = await start();
  await using hook = await aWebhook(allow);
  await server.call("/api/v1/namespaces", { method: "POST", body: { metadata: { name: "quiet", labels: { hooks: "off" } } } });
  await configure(server, hook, {
    rules: [allRules],
    namespaceSelector: { matchExpressions: [{ key: "hooks", operator: "NotIn", values: ["off"] }] },
    objectSelector: { matchLabels: { hooked: "yes" } },
    matchConditions: [{ name: "no-green", expression: 'request.operation != "CREATE" || !has(object.spec.color) || object.spec.color != "green"' }],
  });
  await create(server, widget("unlabelled"));
  await create(server, widget("green", { color: "green" }, { hooked: "yes" }));
  await server.call("/apis/example.com/v1/namespaces/quiet/widgets", { method: "POST", body: widget("quiet", {}, { hooked: "yes" }) });
  expect(hook.asked).toEqual([]);
  await create(server, widget("asked", {}, { hooked: "yes" }));
  await server.call("/api/v1/namespaces", { method: "POST", body: { metadata: { name: "loud", labels: { hooked: "yes" } } } });
  expect(hook.asked.map(({ request }) => [request["name"], request["namespace"]])).toEqual([
    ["asked", "default"],
    ["loud", "loud"],
  ]);
});

test("a condition that cannot be evaluated refuses the write, or passes the webhook by", async () => {
  await using server = await start();
  await using hook = await aWebhook(allow);
  const matchConditions = [{ name: "broken", expression: "object.nothing.there == 1" }];
  await configure(server, hook, { matchConditions, failurePolicy: "Ignore" }, { name: "b" });
  expect((await create(server, widget("w"))).status).toBe(201);
  await configure(server, hook, { matchConditions });
  const refused = await create(server, widget("x"));
  expect([refused.status, refused.json["message"]]).toEqual([403, expect.stringContaining('widgets.example.com "x" is forbidden')]);
  expect(hook.asked).toEqual([]);
});

test("a dry run asks those without side effects", async () => {
  await using server = await start();
  await using hook = await aWebhook(() => patching({ op: "replace", path: "/spec/color", value: "green" }));
  await configure(server, hook, { sideEffects: "NoneOnDryRun" }, { kind: "Mutating" });
  const { json } = await create(server, widget("w"), "?dryRun=All");
  expect(json).toMatchObject({ spec: { color: "green" } });
  expect(hook.asked).toMatchObject([{ request: { dryRun: true, options: { dryRun: ["All"] } } }]);
  expect((await server.call(`${widgetsPath}/w`)).status).toBe(404);
});

test("configurations themselves are nobody's to refuse, and an apply passes the webhooks too", async () => {
  await using server = await start();
  await using hook = await aWebhook(() => ({ allowed: false }));
  await configure(server, hook, { rules: [allRules] });
  await configure(server, hook, { rules: [allRules] }, { name: "b" });
  expect(hook.asked).toEqual([]);
  const apply = {
    method: "PATCH",
    headers: { "content-type": "application/apply-patch+yaml" },
    body: { apiVersion: "example.com/v1", kind: "Widget", ...widget("w") },
  };
  expect((await server.call(`${widgetsPath}/w?fieldManager=me`, apply)).status).toBe(400);
  expect(hook.asked).toMatchObject([{ request: { operation: "CREATE", options: { kind: "CreateOptions", fieldManager: "me" } } }, {}]);
});
