import type { JsonObject } from "@dataplane/meta";
import { expect, test } from "vitest";
import { type Answer, startApiServer, type TestServer } from "../../testing/start-api-server.js";

const path = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";

const good: JsonObject = {
  name: "a.hooks.example.com",
  clientConfig: { service: { namespace: "default", name: "hook" } },
  rules: [{ operations: ["CREATE"], apiGroups: [""], apiVersions: ["v1"], resources: ["configmaps"] }],
  sideEffects: "None",
  admissionReviewVersions: ["v1"],
};

const post = (server: TestServer, ...webhooks: readonly JsonObject[]): Promise<Answer> =>
  server.call(path, { method: "POST", body: { metadata: { name: "c" }, webhooks } });

test("a configuration is filled in with Kubernetes' defaults, and lists how many webhooks it has", async () => {
  await using server = await startApiServer();
  const { status, json } = await post(server, good);
  expect(status).toBe(201);
  expect(json["webhooks"]).toEqual([
    {
      ...good,
      clientConfig: { service: { namespace: "default", name: "hook", port: 443 } },
      rules: [{ operations: ["CREATE"], apiGroups: [""], apiVersions: ["v1"], resources: ["configmaps"], scope: "*" }],
      failurePolicy: "Fail",
      matchPolicy: "Equivalent",
      namespaceSelector: {},
      objectSelector: {},
      timeoutSeconds: 10,
      reinvocationPolicy: "Never",
    },
  ]);
  const table = await server.call(path, { headers: { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" } });
  expect(table.json).toMatchObject({
    columnDefinitions: [{ name: "Name" }, { name: "Webhooks" }, { name: "Age" }],
    rows: [{ cells: ["c", 1, expect.anything()] }],
  });
});

test("webhooks are merged by their names", async () => {
  await using server = await startApiServer();
  await post(server, good, { ...good, name: "b.hooks.example.com" });
  const { json } = await server.call(`${path}/c`, {
    method: "PATCH",
    headers: { "content-type": "application/strategic-merge-patch+json" },
    body: { webhooks: [{ name: "b.hooks.example.com", timeoutSeconds: 3 }] },
  });
  expect(json["webhooks"]).toMatchObject([
    { name: "a.hooks.example.com", timeoutSeconds: 10 },
    { name: "b.hooks.example.com", timeoutSeconds: 3, sideEffects: "None" },
  ]);
});

const rule = (change: JsonObject): JsonObject => ({ rules: [{ ...(good["rules"] as readonly JsonObject[])[0], ...change }] });

test.each<[string, JsonObject]>([
  ['webhooks[0].name: Invalid value: "short.com": should be a domain with at least three segments separated by dots', { name: "short.com" }],
  ['webhooks[0].sideEffects: Unsupported value: "Some": supported values: "None", "NoneOnDryRun"', { sideEffects: "Some" }],
  ['webhooks[0].failurePolicy: Unsupported value: "Maybe": supported values: "Fail", "Ignore"', { failurePolicy: "Maybe" }],
  ["webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds", { timeoutSeconds: 31 }],
  ["webhooks[0].admissionReviewVersions: Required value: must specify one of v1, v1beta1", { admissionReviewVersions: [] }],
  ['webhooks[0].admissionReviewVersions: Invalid value: ["v7"]: must include at least one of v1, v1beta1', { admissionReviewVersions: ["v7"] }],
  ["webhooks[0].clientConfig: Required value: exactly one of url or service is required", { clientConfig: {} }],
  [
    "webhooks[0].clientConfig.url: Invalid value: \"http\": 'https' is the only allowed URL scheme; desired format: https://host[/path]",
    { clientConfig: { url: "http://example.com" } },
  ],
  [
    "webhooks[0].clientConfig.service.port: Invalid value: 0: port is not valid",
    { clientConfig: { service: { namespace: "a", name: "b", port: 0 } } },
  ],
  ['webhooks[0].rules[0].operations[0]: Unsupported value: "EAT"', rule({ operations: ["EAT"] })],
  ["webhooks[0].rules[0].operations: Required value", rule({ operations: [] })],
  ["if '*' is present, must not specify other API groups", rule({ apiGroups: ["*", "a"] })],
  ["if 'a/*' is present, must not specify a/x", rule({ resources: ["a/*", "a/x"] })],
  ["if '*/*' is present, must not specify other resources", rule({ resources: ["*/*", "a"] })],
  ["if '*' is present, must not specify other resources without subresources", rule({ resources: ["*", "a"] })],
  ["webhooks[0].rules[0].scope: Unsupported value", rule({ scope: "Some" })],
  [
    "webhooks[0].namespaceSelector.matchExpressions[0].operator: Invalid value",
    { namespaceSelector: { matchExpressions: [{ key: "a", operator: "Is" }] } },
  ],
  ["webhooks[0].reinvocationPolicy: Unsupported value", { reinvocationPolicy: "Always" }],
  [
    'webhooks[0].matchConditions[0].expression: Invalid value: "1 +": compilation failed: ERROR: <input>:1:4',
    { matchConditions: [{ name: "a", expression: "1 +" }] },
  ],
  ['webhooks[0].matchConditions[0].expression: Invalid value: "1": must evaluate to bool', { matchConditions: [{ name: "a", expression: "1" }] }],
  ["undefined field 'nothing'", { matchConditions: [{ name: "a", expression: "request.nothing == 1" }] }],
])("refused with %s", async (words, change) => {
  await using server = await startApiServer();
  const { status, json } = await post(server, { ...good, ...change });
  expect(json["message"]).toContain(words);
  expect(status).toBe(422);
});

test("two webhooks of one name are refused", async () => {
  await using server = await startApiServer();
  const { status, json } = await post(server, good, good);
  expect([status, json["message"]]).toEqual([422, expect.stringContaining('webhooks[1]: Duplicate value: {"name":"a.hooks.example.com"}')]);
});
