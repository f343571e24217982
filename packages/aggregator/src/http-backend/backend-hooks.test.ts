import type { RequestListener } from "node:http";
import { createServer, type ServerOptions } from "node:https";
import type { AdmissionAttributes } from "@dataplane/apiserver";
import type { JsonObject } from "@dataplane/meta";
import { expect, test } from "vitest";
import { parseAddressRules } from "../outbound/address-rules.js";
import { defaultRules } from "../outbound/destination-rules.js";
import { createOutbound } from "../outbound/outbound.js";
import { aBackend } from "../testing/a-backend.js";
import { aDataPlaneService } from "../testing/a-data-plane-service.js";
import { aPlugin } from "../testing/a-plugin.js";
import { issueCertificate } from "../testing/issue-certificate.js";
import { type StartOptions, startAggregator } from "../testing/start-aggregator.js";

const signal = new AbortController().signal;
const user = { name: "Ann", uid: "u1", groups: ["a", "b"], extra: { "example.com/scope": ["s"] } };
const v2 = { group: "b.example.com", version: "v2" };

const thing = (name: string, rest: JsonObject = {}): JsonObject => ({
  apiVersion: "b.example.com/v1",
  kind: "Thing",
  metadata: { name, namespace: "default", uid: `uid-${name}`, generation: 2 },
  ...rest,
});

const attributes: AdmissionAttributes = {
  operation: "UPDATE",
  kind: { group: "b.example.com", version: "v1", kind: "Thing" },
  resource: { group: "b.example.com", version: "v1", resource: "things" },
  subresource: "",
  name: "t",
  namespace: "default",
  object: thing("t", { spec: { a: 1 } }),
  oldObject: thing("t"),
  dryRun: true,
  options: { kind: "UpdateOptions", apiVersion: "meta.k8s.io/v1", dryRun: ["All"] },
  user,
};

interface Review {
  readonly apiVersion: string;
  readonly kind: string;
  readonly request: JsonObject & { readonly uid: string; readonly objects?: readonly JsonObject[] };
}
type Respond = (review: Review, url: string) => JsonObject;

/** A real server that answers each review with that response; the uid is there unless `respond` has its own. */
const reviewing = (respond: Respond, tls?: ServerOptions) =>
  aBackend(
    ({ body, url }, response) => {
      const review = JSON.parse(body) as Review;
      const { apiVersion, kind, request } = review;
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify({ apiVersion, kind, response: { uid: request.uid, ...respond(review, url) } }));
    },
    tls === undefined ? {} : { scheme: "https", make: (listener: RequestListener) => createServer(tls, listener) },
  );

const loopback = () => createOutbound({ rules: { ...defaultRules, allow: parseAddressRules(["127.0.0.0/8"]) } });

function hooksOf(backend: JsonObject, { serves = ["admission", "conversion"], ...rest }: { serves?: string[] } & StartOptions = {}) {
  const service = aDataPlaneService({ plugin: "x", group: "b.example.com", version: "v1", serves });
  const { pluginID: _, pluginType: __, ...spec } = service["spec"] as JsonObject;
  const services = [{ ...service, spec: { ...spec, backend: { type: "http", ...backend } } }];
  return startAggregator({ services, outbound: loopback(), ...rest }).aggregator.objectHooks;
}

const patchOf = (...operations: JsonObject[]): JsonObject => ({
  allowed: true,
  patchType: "JSONPatch",
  patch: Buffer.from(JSON.stringify(operations)).toString("base64"),
});

test("a write asks the backend with the review that is proxied, and by whom, and applies its patch", async () => {
  const certificate = await issueCertificate("IP:127.0.0.1");
  await using backend = await reviewing(
    (_, url) => (url.endsWith("mutate") ? { ...patchOf({ op: "add", path: "/spec/b", value: 2 }), warnings: ["old"] } : { allowed: true }),
    certificate,
  );
  const { admission } = hooksOf({ baseURL: `${backend.url}/base`, caBundle: Buffer.from(certificate.cert).toString("base64") });
  const mutated = await admission.mutate(attributes, signal);
  expect(mutated).toEqual({ object: thing("t", { spec: { a: 1, b: 2 } }), warnings: ["old"] });
  expect(await admission.validate({ ...attributes, object: mutated.object }, signal)).toEqual({ warnings: [] });
  expect(backend.received.map(({ method, url }) => `${method} ${url}`)).toEqual([
    "POST /base/apis/b.example.com/v1/admission/mutate",
    "POST /base/apis/b.example.com/v1/admission/validate",
  ]);
  const [first, second] = backend.received;
  expect(first?.headers).toMatchObject({
    ...{ "x-remote-user": "Ann", "x-remote-uid": "u1", "x-remote-group": "a, b", "x-remote-extra-example.com%2fscope": "s" },
    "content-type": "application/json",
  });
  expect(first?.headers).not.toHaveProperty("authorization");
  expect(JSON.parse(first?.body ?? "")).toMatchObject({
    ...{ apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview" },
    request: {
      ...{ operation: "UPDATE", name: "t", namespace: "default", dryRun: true, object: attributes.object, oldObject: attributes.oldObject },
      ...{ kind: attributes.kind, resource: attributes.resource, options: attributes.options },
      userInfo: { username: "Ann", uid: "u1", groups: ["a", "b"], extra: { "example.com/scope": ["s"] } },
    },
  });
  expect(JSON.parse(second?.body ?? "")).toMatchObject({ request: { object: { spec: { a: 1, b: 2 } } } });
});

test("a deletion has no object, and a creation no old one", async () => {
  await using backend = await reviewing(() => ({ allowed: true }));
  const { admission } = hooksOf({ baseURL: backend.url });
  expect(await admission.mutate({ ...attributes, operation: "DELETE", object: undefined }, signal)).toEqual({ object: undefined, warnings: [] });
  await admission.validate({ ...attributes, operation: "CREATE", oldObject: undefined }, signal);
  expect(backend.received.map(({ body }) => (JSON.parse(body) as Review).request)).toMatchObject([
    { operation: "DELETE", object: null },
    { operation: "CREATE", oldObject: null },
  ]);
});

test.each<[string, JsonObject, object]>([
  ["in words", { status: { code: 422, reason: "Invalid", message: "no" } }, { code: 422, reason: "Invalid", message: "no" }],
  [
    "with what is at fault",
    { status: { code: 422, reason: "Invalid", message: "no", details: { name: "t", causes: [{ field: "spec.a", message: "bad" }] } } },
    { code: 422, reason: "Invalid", message: "no", details: { name: "t", causes: [{ field: "spec.a", message: "bad", reason: "" }] } },
  ],
  ["without a word", {}, { code: 403, reason: "Forbidden", message: "" }],
  ["with a code that refuses nothing", { status: { code: 200 } }, { code: 403, reason: "Forbidden", message: "" }],
])("a backend refuses %s", async (_, response, denial) => {
  await using backend = await reviewing(() => ({ ...response, allowed: false }));
  const { admission } = hooksOf({ baseURL: backend.url });
  expect(await admission.validate(attributes, signal)).toEqual({ warnings: [], denial });
  expect(await admission.mutate(attributes, signal)).toEqual({ object: attributes.object, warnings: [], denial });
});

test.each<[string, JsonObject, string]>([
  ["another's uid", { uid: "other", allowed: true }, "another review"],
  ["no verdict", {}, "whether it is allowed"],
  ["a patch of an unknown type", { ...patchOf(), patchType: "MergePatch" }, "no JSONPatch"],
  ["a patch that is no JSON", { ...patchOf(), patch: "!" }, "no JSON in base64"],
  ["a patch that does not fit", patchOf({ op: "remove", path: "/nowhere" }), "cannot be applied"],
  ["a patch of no operation", patchOf({ op: "explode", path: "/a" }), "cannot be applied"],
  ["another object", patchOf({ op: "replace", path: "/metadata/name", value: "other" }), "changed metadata.name"],
  ["no object", patchOf({ op: "replace", path: "", value: 5 }), "no JSON object"],
])("a mutation answered with %s is the backend's fault, and nothing is stored", async (_, response, words) => {
  await using backend = await reviewing(() => response);
  const failed = hooksOf({ baseURL: backend.url }).admission.mutate(attributes, signal);
  await expect(failed).rejects.toMatchObject({ reason: "BadGateway", message: expect.stringContaining(words) as string });
});

test("a validation that patches is the backend's fault", async () => {
  await using backend = await reviewing(() => patchOf({ op: "add", path: "/spec", value: {} }));
  await expect(hooksOf({ baseURL: backend.url }).admission.validate(attributes, signal)).rejects.toMatchObject({ reason: "BadGateway" });
});

test("what is no review, a redirect, an error, silence and absence refuse the write, and name no host", async () => {
  await using text = await aBackend((_, response) => response.end("ok"));
  await using bare = await aBackend((_, response) => response.end(JSON.stringify({ kind: "AdmissionReview" })));
  await using large = await aBackend((_, response) => response.end("x".repeat(17 * 1024 * 1024)));
  await using broken = await aBackend((_, response) => response.writeHead(500).end("secret words"));
  await using redirecting = await aBackend((_, response) => response.writeHead(307, { location: "http://127.0.0.1/x" }).end());
  await using silent = await aBackend(() => undefined);
  await using stuck = await aBackend((_, response) => void response.write("{"));
  // Time enough for all that answer.
  const limitsOf = (url: string) => ([silent.url, stuck.url].includes(url) ? { callTimeoutMs: 300 } : {});
  const urls = [text, bare, large, broken, redirecting, silent, stuck].map(({ url }) => url).concat("http://127.0.0.1:1");
  const answers = await Promise.allSettled(
    urls.map((baseURL) => hooksOf({ baseURL }, { limits: limitsOf(baseURL) }).admission.validate(attributes, signal)),
  );
  const errors = answers.map((answer) => (answer.status === "rejected" ? (answer.reason as { code: number; message: string }) : undefined));
  expect(errors.map((error) => error?.code)).toEqual([502, 502, 502, 502, 502, 504, 504, 503]);
  for (const error of errors) expect(error?.message).not.toMatch(/127\.0\.0\.1|secret/);
});

test("a write that its client gave up gives the backend's answer up", async () => {
  await using silent = await aBackend(() => undefined);
  const asked = hooksOf({ baseURL: silent.url }).admission.validate(attributes, AbortSignal.timeout(50));
  await expect(asked).rejects.toMatchObject({ message: expect.stringContaining("ended before") as string });
});

test("loopback and private addresses are refused here too", async () => {
  await using backend = await reviewing(() => ({ allowed: true }));
  const strict = hooksOf({ baseURL: backend.url }, { outbound: createOutbound() });
  await expect(strict.admission.validate(attributes, signal)).rejects.toMatchObject({ reason: "Forbidden" });
  expect(backend.connections()).toBe(0);
});

test("who is not listed is not asked, and nothing is asked of other groups", async () => {
  await using backend = await reviewing(() => ({ allowed: false }));
  const queries = hooksOf({ baseURL: backend.url }, { serves: ["query"] });
  expect(await queries.admission.validate(attributes, signal)).toEqual({ warnings: [] });
  expect(queries.converts(v2)).toBe(false);
  const listed = hooksOf({ baseURL: backend.url });
  expect(await listed.admission.mutate({ ...attributes, kind: { ...attributes.kind, version: "v9" } }, signal)).toEqual({
    ...{ object: attributes.object, warnings: [] },
  });
  expect([listed.converts({ ...v2, version: "v1" }), listed.converts(v2)]).toEqual([true, false]);
  expect(backend.received).toHaveLength(0);
});

test("the guard bounds what is asked for stored objects as it bounds what is proxied", async () => {
  await using backend = await reviewing(() => ({ allowed: true }));
  const targets: object[] = [];
  const guard: StartOptions["guard"] = { run: (target, run) => (targets.push(target), run()) };
  const { send, aggregator } = (() => {
    const service = aDataPlaneService({ plugin: "x", group: "b.example.com", version: "v1", serves: ["admission"] });
    const { pluginID: _, pluginType: __, ...spec } = service["spec"] as JsonObject;
    return startAggregator({
      services: [{ ...service, spec: { ...spec, backend: { type: "http", baseURL: backend.url } } }],
      outbound: loopback(),
      guard,
    });
  })();
  const review = { apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", request: { uid: "1" } };
  expect((await send("POST", "/apis/b.example.com/v1/admission/validate", { user, body: JSON.stringify(review) })).status).toBe(200);
  await aggregator.objectHooks.admission.validate(attributes, signal);
  expect(targets[1]).toEqual(targets[0]);
  expect(targets[0]).toEqual({ pluginId: "v1.b.example.com", namespace: "", uid: "", user: "Ann", backend: "http" });
});

const inV2 = ({ request: { objects = [] } }: Review): JsonObject => ({
  result: { status: "Success" },
  convertedObjects: objects.map((object) => ({ ...object, apiVersion: "b.example.com/v2" })),
});

test("a backend converts objects in batches, in their order, for the user who reads", async () => {
  await using backend = await reviewing(inV2);
  const objects = Array.from({ length: 450 }, (_, index) => thing(`t${index}`));
  const outcome = await hooksOf({ baseURL: backend.url }).conversion(user).convert(objects, v2, signal);
  expect(outcome).toEqual({ converted: objects.map((object) => ({ ...object, apiVersion: "b.example.com/v2" })) });
  expect(backend.received.map(({ url }) => url)).toEqual(Array.from({ length: 3 }, () => "/apis/b.example.com/v1/convert"));
  expect(backend.received[0]?.headers["x-remote-user"]).toBe("Ann");
  expect(JSON.parse(backend.received[0]?.body ?? "")).toMatchObject({ kind: "ConversionReview", request: { desiredAPIVersion: "b.example.com/v2" } });
});

test("a conversion that fails names the object, and another answer is the backend's fault", async () => {
  const bad = (review: Review): JsonObject =>
    JSON.stringify(review.request.objects).includes("uid-bad") ? { result: { status: "Failure", message: "cannot" } } : inV2(review);
  await using backend = await reviewing(bad);
  const objects = [thing("a"), thing("b"), thing("bad")];
  expect(await hooksOf({ baseURL: backend.url }).conversion(user).convert(objects, v2, signal)).toEqual({
    failure: { message: 'objects[2] (Thing "default/bad"): cannot' },
  });
  await using without = await reviewing(() => ({}));
  await expect(hooksOf({ baseURL: without.url }).conversion(user).convert(objects, v2, signal)).rejects.toMatchObject({ reason: "BadGateway" });
  await using few = await reviewing(() => ({ result: { status: "Success" }, convertedObjects: [5] }));
  expect(
    await hooksOf({ baseURL: few.url })
      .conversion(user)
      .convert([thing("a")], v2, signal),
  ).toMatchObject({
    failure: { message: expect.stringContaining('objects[0] (Thing "default/a")') as string },
  });
  expect(
    await hooksOf({ baseURL: few.url }, { serves: ["query"] })
      .conversion(user)
      .convert([thing("a")], v2, signal),
  ).toMatchObject({
    failure: { message: "no DataPlaneService converts to b.example.com/v2" },
  });
});

test("a plugin is asked by the same hooks, and one that is not there refuses the write", async () => {
  const validateAdmission = () =>
    Promise.resolve({ allowed: false, warnings: ["w"], result: { status: "Failure", message: "no", reason: "", code: 0 } });
  const service = aDataPlaneService({ plugin: "p", group: "b.example.com", version: "v1", serves: ["admission"] });
  const withPlugin = startAggregator({ plugins: [aPlugin({ id: "p", calls: { validateAdmission } })], services: [service] });
  expect(await withPlugin.aggregator.objectHooks.admission.validate(attributes, signal)).toEqual({
    warnings: ["w"],
    denial: { code: 403, reason: "Forbidden", message: "no" },
  });
  const without = startAggregator({ services: [service] });
  await expect(without.aggregator.objectHooks.admission.validate(attributes, signal)).rejects.toMatchObject({ code: 503 });
});
