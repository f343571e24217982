import { type WebhookClient, WebhookFailure } from "@dataplane/apiserver";
import { isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";
import { expect, test } from "vitest";
import { webhookConverter } from "./webhook-converter.js";

const desired = { group: "example.com", version: "v2" };
const signal = new AbortController().signal;

const aWidget = (name: string, apiVersion = "example.com/v1"): JsonObject => ({
  apiVersion,
  kind: "Widget",
  metadata: { name, namespace: "default", uid: `uid-${name}`, labels: { a: "b" }, generation: 3 },
  spec: { color: "red" },
});

const inV2 = (object: JsonObject): JsonObject => ({ ...object, apiVersion: "example.com/v2" });

interface Ask {
  readonly version: string;
  readonly uid: string;
  readonly objects: readonly JsonObject[];
}

/** A webhook that answers with what `answer` makes of the question, as a whole review or as its objects. */
function converterOf(answer: (ask: Ask) => JsonValue, reviewVersions: readonly string[] = ["v1"]) {
  const asked: JsonObject[] = [];
  const webhooks: WebhookClient = {
    call: (_config, review) => {
      asked.push(review);
      const request = isJsonObject(review["request"]) ? review["request"] : {};
      const objects = (Array.isArray(request["objects"]) ? request["objects"] : []) as JsonObject[];
      const made = answer({ version: textOf(review["apiVersion"]), uid: textOf(request["uid"]), objects });
      if (isJsonObject(made)) return Promise.resolve(made);
      const response = { uid: request["uid"] ?? "", result: { status: "Success" }, convertedObjects: made };
      return Promise.resolve({ kind: "ConversionReview", apiVersion: review["apiVersion"] ?? "", response });
    },
  };
  const conversion = {
    strategy: "Webhook",
    webhook: { clientConfig: { url: "https://example.com/convert" }, conversionReviewVersions: reviewVersions },
  };
  return { asked, converter: webhookConverter({ conversion, webhooks, newUid: () => "u1" }) };
}

const textOf = (value: JsonValue | undefined): string => (typeof value === "string" ? value : "");

const failureOf = async (answer: (ask: Ask) => JsonValue, objects = [aWidget("a")]): Promise<string> => {
  const outcome = await converterOf(answer).converter.convert(objects, desired, signal);
  return "failure" in outcome ? outcome.failure.message : "no failure";
};

const who = "conversion webhook for example.com/v1, Kind=Widget";

test("objects of another version are asked for in one review, and those that have it already are left as they are", async () => {
  const { asked, converter } = converterOf(({ objects }) => objects.map((it) => ({ ...inV2(it), spec: { colour: "red" } })));
  const there = aWidget("there", "example.com/v2");
  const outcome = await converter.convert([aWidget("a"), there, aWidget("b")], desired, signal);
  expect(outcome).toEqual({
    converted: [{ ...inV2(aWidget("a")), spec: { colour: "red" } }, there, { ...inV2(aWidget("b")), spec: { colour: "red" } }],
  });
  expect(asked).toEqual([
    {
      kind: "ConversionReview",
      apiVersion: "apiextensions.k8s.io/v1",
      request: { uid: "u1", desiredAPIVersion: "example.com/v2", objects: [aWidget("a"), aWidget("b")] },
    },
  ]);
});

test("nobody is asked when nothing is to be converted", async () => {
  const { asked, converter } = converterOf(() => []);
  expect(await converter.convert([aWidget("a", "example.com/v2")], desired, signal)).toEqual({ converted: [aWidget("a", "example.com/v2")] });
  expect(asked).toEqual([]);
});

test("many objects are asked for in several reviews, whose answers can be read", async () => {
  const large = Array.from({ length: 30 }, (_, index) => ({ ...aWidget(`w${index}`), spec: { text: "x".repeat(100_000) } }));
  const { asked, converter } = converterOf(({ objects }) => objects.map(inV2));
  const outcome = await converter.convert(large, desired, signal);
  expect(outcome).toEqual({ converted: large.map(inV2) });
  expect(asked).toHaveLength(3);
});

test("the first version of reviews that both know is spoken", async () => {
  const { asked, converter } = converterOf(({ objects }) => objects.map(inV2), ["v9", "v1beta1", "v1"]);
  expect(await converter.convert([aWidget("a")], desired, signal)).toHaveProperty("converted");
  expect(asked[0]).toMatchObject({ apiVersion: "apiextensions.k8s.io/v1beta1" });
});

test("labels and annotations may change, and nothing else of metadata does", async () => {
  const { converter } = converterOf(({ objects }) =>
    objects.map((it) => ({ ...inV2(it), metadata: { name: "a", namespace: "default", uid: "uid-a", annotations: { c: "d" }, generation: 9, x: 1 } })),
  );
  const outcome = await converter.convert([aWidget("a")], desired, signal);
  expect(outcome).toMatchObject({
    converted: [{ metadata: { name: "a", namespace: "default", uid: "uid-a", annotations: { c: "d" }, generation: 3 } }],
  });
});

test.each<[string, (ask: Ask) => JsonValue, string]>([
  ["another number of objects", () => [], "returned 0 objects, expected 1"],
  [
    "another version",
    ({ objects }) => [...objects],
    "returned invalid converted object at index 0: invalid groupVersion (expected example.com/v2, received example.com/v1)",
  ],
  [
    "another kind",
    ({ objects }) => objects.map((it) => ({ ...inV2(it), kind: "Gadget" })),
    "returned invalid converted object at index 0: invalid kind (expected Widget, received Gadget)",
  ],
  ["no object", () => ["x"], "returned invalid converted object at index 0: the object is no JSON object"],
  [
    "no metadata",
    () => [{ apiVersion: "example.com/v2", kind: "Widget" }],
    "returned invalid converted object at index 0: missing metadata in converted object",
  ],
  [
    "another name",
    ({ objects }) => objects.map((it) => ({ ...inV2(it), metadata: { name: "b", namespace: "default", uid: "uid-a" } })),
    "returned invalid converted object at index 0: must have the same name: a != b",
  ],
  [
    "another uid",
    ({ objects }) => objects.map((it) => ({ ...inV2(it), metadata: { name: "a", namespace: "default", uid: "other" } })),
    "returned invalid converted object at index 0: must have the same UID: uid-a != other",
  ],
  [
    "labels that are no texts",
    ({ objects }) => objects.map((it) => ({ ...inV2(it), metadata: { name: "a", namespace: "default", uid: "uid-a", labels: { a: 1 } } })),
    "returned invalid converted object at index 0: metadata.labels[a] must be a string in converted object",
  ],
  [
    "another uid of the review",
    ({ version }) => ({ kind: "ConversionReview", apiVersion: version, response: { uid: "u2" } }),
    'failed: expected response.uid="u1", got "u2"',
  ],
  ["no response", ({ version }) => ({ kind: "ConversionReview", apiVersion: version }), "failed: no response provided"],
  [
    "something else",
    () => ({ kind: "Status", apiVersion: "v1" }),
    "failed: expected webhook response of apiextensions.k8s.io/v1, Kind=ConversionReview, got v1, Kind=Status",
  ],
  [
    "a refusal",
    ({ version, uid }) => ({ kind: "ConversionReview", apiVersion: version, response: { uid, result: { status: "Failure", message: "not me" } } }),
    "failed: not me",
  ],
  [
    "a refusal without words",
    ({ version, uid }) => ({ kind: "ConversionReview", apiVersion: version, response: { uid, result: {} } }),
    "failed: response.result.status was '', not 'Success'",
  ],
])("an answer with %s is told in Kubernetes' words", async (_, answer, expected) => {
  expect(await failureOf(answer)).toBe(`${who} ${expected}`);
});

test("a webhook that cannot be asked is an internal error that says why", async () => {
  const webhooks: WebhookClient = { call: () => Promise.reject(new WebhookFailure("connection refused", { timedOut: false })) };
  const converter = webhookConverter({
    conversion: { strategy: "Webhook", webhook: { conversionReviewVersions: ["v1"] } },
    webhooks,
    newUid: () => "u",
  });
  await expect(converter.convert([aWidget("a")], desired, signal)).rejects.toMatchObject({ code: 500, message: `${who} failed: connection refused` });
});
