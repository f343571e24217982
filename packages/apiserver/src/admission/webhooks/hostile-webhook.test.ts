import type { JsonObject, JsonValue } from "@dataplane/meta";
import fc from "fast-check";
import { expect, test } from "vitest";
import { aWebhook } from "../../testing/a-webhook.js";
import { startApiServer } from "../../testing/start-api-server.js";
import { widgets } from "../../testing/widgets.js";
import { reviewAnswer } from "./admission-review.js";

const anyJson = fc.jsonValue({ maxDepth: 4 }) as fc.Arbitrary<JsonValue>;
const response = fc.record(
  {
    uid: fc.constantFrom<JsonValue>("u", "", 1, null),
    allowed: anyJson,
    status: anyJson,
    warnings: anyJson,
    patch: fc.oneof(anyJson, fc.base64String()),
    patchType: fc.constantFrom<JsonValue>("JSONPatch", "", "X", null, 7),
  },
  { requiredKeys: [] },
);

test("whatever a webhook answers is an answer or a sentence", () => {
  fc.assert(
    fc.property(fc.oneof(response, anyJson), fc.boolean(), fc.constantFrom("v1" as const, "v1beta1" as const), (answer, isMutating, version) => {
      const review = { apiVersion: `admission.k8s.io/${version}`, kind: "AdmissionReview", response: answer } as unknown as JsonObject;
      const read = reviewAnswer(review, { version, uid: "u", isMutating });
      expect(typeof read === "string" || typeof read.allowed === "boolean").toBe(true);
      if (typeof read !== "string") expect(read.warnings.every((it) => typeof it === "string")).toBe(true);
    }),
    { numRuns: 1_000 },
  );
});

const copies = [
  { op: "add", path: "/spec/big", value: [] },
  ...Array.from({ length: 40 }, () => ({ op: "copy", from: "/spec/big", path: "/spec/big/-" })),
];

test.each<[string, JsonValue, RegExp]>([
  ["a patch that doubles the object again and again", copies, /cannot be applied/],
  [
    "a patch of too many operations",
    Array.from({ length: 10_001 }, () => ({ op: "test", path: "/kind", value: "Widget" })),
    /allowed maximum operations/,
  ],
  ["a patch that is none", { op: "remove" }, /a json patch is an array of operations/],
  ["a patch that leaves no object", [{ op: "replace", path: "", value: [] }], /leaves no object/],
  ["a prototype", [{ op: "add", path: "/__proto__/polluted", value: true }], /cannot be applied/],
])("the server refuses %s as the webhook's fault", async (_what, patch, words) => {
  await using server = await startApiServer((registry) => registry.add(widgets));
  const answer = { allowed: true, patchType: "JSONPatch", patch: Buffer.from(JSON.stringify(patch)).toString("base64") };
  await using hook = await aWebhook(() => answer);
  await server.call("/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations", {
    method: "POST",
    body: {
      metadata: { name: "hostile" },
      webhooks: [
        {
          ...{ name: "hostile.hooks.example.com", clientConfig: hook.clientConfig(), sideEffects: "None", admissionReviewVersions: ["v1"] },
          rules: [{ operations: ["*"], apiGroups: ["example.com"], apiVersions: ["*"], resources: ["widgets"] }],
        },
      ],
    },
  });
  const { status, json } = await server.call("/apis/example.com/v1/namespaces/default/widgets", {
    method: "POST",
    body: { metadata: { name: "w" }, spec: { color: "red" } },
  });
  expect([status, json["reason"], json["message"]]).toEqual([500, "InternalError", expect.stringMatching(words)]);
  expect(json["message"]).toContain('admission webhook "hostile.hooks.example.com"');
  expect(Object.prototype).not.toHaveProperty("polluted");
});
