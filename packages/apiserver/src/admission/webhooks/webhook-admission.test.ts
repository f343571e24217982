import { isJsonObject, type JsonObject } from "@dataplane/meta";
import { expect, test } from "vitest";
import type { Converter } from "../../conversion/converter.js";
import type { StructuralSchema } from "../../schema/structural-schema.js";
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

test("a refusal tells which fields are at fault", async () => {
  await using server = await start();
  const causes = [{ reason: "FieldValueInvalid", message: "Invalid value: 9: too big", field: "spec.size" }];
  const details = { name: "w", group: "example.com", kind: "Widget", causes, retryAfterSeconds: "soon", other: 1 };
  await using hook = await aWebhook(() => ({ allowed: false, status: { code: 422, reason: "Invalid", message: "too big", details } }));
  await configure(server, hook, { rules: [{ ...widgetRules, operations: ["CREATE"] }] });
  const refused = await create(server, widget("w"));
  expect(refused.status).toBe(422);
  expect(refused.json).toMatchObject({ reason: "Invalid", message: 'admission webhook "a.hooks.example.com" denied the request: too big' });
  expect(refused.json["details"]).toEqual({ name: "w", group: "example.com", kind: "Widget", causes });
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

test("a webhook is asked in the version that its rules name, and answers in it", async () => {
  const spec = (field: string): StructuralSchema => ({
    type: "object",
    properties: { spec: { type: "object", properties: { [field]: { type: "string" } } } },
  });
  const converter: Converter = {
    convert: (objects, { group, version }) =>
      Promise.resolve({
        converted: objects.map((object) => {
          const { was, is } = isJsonObject(object["spec"]) ? object["spec"] : {};
          return { ...object, apiVersion: `${group}/${version}`, spec: version === "v1" ? { was: is ?? was ?? "" } : { is: was ?? is ?? "" } };
        }),
      }),
  };
  const shared = {
    group: "example.com",
    kind: "Thing",
    plural: "things",
    scope: "namespaced",
    versioned: { storageVersion: "v1", converter },
  } as const;
  await using server = await startApiServer((registry) => {
    registry.add({ ...shared, version: "v1", schema: spec("was") });
    registry.add({ ...shared, version: "v2", schema: spec("is") });
  });
  await using hook = await aWebhook(() => patching({ op: "replace", path: "/spec/is", value: "patched" }));
  const rules = [{ ...widgetRules, apiVersions: ["v2"], resources: ["things"] }];
  await configure(server, hook, { rules, matchPolicy: "Exact" }, { name: "exact", kind: "Mutating" });
  await configure(server, hook, { rules }, { kind: "Mutating" });
  const things = "/apis/example.com/v1/namespaces/default/things";
  const { json } = await server.call(things, { method: "POST", body: { metadata: { name: "t" }, spec: { was: "sent" } } });
  expect(json).toMatchObject({ apiVersion: "example.com/v1", spec: { was: "patched" } });
  expect(hook.asked).toMatchObject([
    {
      request: {
        kind: { version: "v2", kind: "Thing" },
        resource: { version: "v2" },
        requestKind: { version: "v1" },
        requestResource: { version: "v1" },
        object: { apiVersion: "example.com/v2", spec: { is: "sent" } },
      },
    },
  ]);
});

test("a scale is asked about as a Scale", async () => {
  const number: StructuralSchema = { type: "object", properties: { replicas: { type: "integer" } } };
  await using server = await startApiServer((registry) =>
    registry.add({
      ...{ group: "example.com", version: "v1", kind: "Set", plural: "sets", scope: "namespaced", hasStatus: true },
      schema: { type: "object", properties: { spec: number, status: number } },
      scale: { specReplicasPath: ".spec.replicas", statusReplicasPath: ".status.replicas" },
    }),
  );
  await using hook = await aWebhook(() => patching({ op: "replace", path: "/spec/replicas", value: 7 }));
  await configure(server, hook, { rules: [{ ...widgetRules, resources: ["*/scale"] }] }, { kind: "Mutating" });
  const sets = "/apis/example.com/v1/namespaces/default/sets";
  await server.call(sets, { method: "POST", body: { metadata: { name: "s" }, spec: { replicas: 1 } } });
  const patch = { method: "PATCH", headers: { "content-type": "application/merge-patch+json" }, body: { spec: { replicas: 2 } } };
  expect((await server.call(`${sets}/s/scale`, patch)).json).toMatchObject({ kind: "Scale", spec: { replicas: 7 } });
  expect((await server.call(`${sets}/s`)).json).toMatchObject({ spec: { replicas: 7 } });
  expect(hook.asked).toMatchObject([
    {
      request: {
        kind: { group: "autoscaling", version: "v1", kind: "Scale" },
        resource: { group: "example.com", resource: "sets" },
        subResource: "scale",
        object: { kind: "Scale", spec: { replicas: 2 } },
        oldObject: { kind: "Scale", spec: { replicas: 1 } },
      },
    },
  ]);
});

test("a service of type ExternalName leads to its webhook", async () => {
  await using server = await start();
  await using hook = await aWebhook(() => ({ allowed: false, status: { message: "no" } }), { subjectAltName: "DNS:hook.default.svc" });
  const service = { namespace: "default", name: "hook", port: hook.port };
  await configure(server, hook, { clientConfig: { service, caBundle: hook.caBundle } });
  const missing = await create(server, widget("w"));
  expect(missing.json["message"]).toContain(`Post "https://hook.default.svc:${hook.port}/?timeout=10s": service "hook" not found`);
  await server.call("/api/v1/namespaces/default/services", {
    method: "POST",
    body: { metadata: { name: "hook" }, spec: { type: "ExternalName", externalName: "127.0.0.1" } },
  });
  expect((await create(server, widget("w"))).json["message"]).toBe('admission webhook "a.hooks.example.com" denied the request: no');
});
