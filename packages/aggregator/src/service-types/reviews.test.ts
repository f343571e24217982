import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { isJsonObject } from "@dataplane/meta";
import { AdmissionOperation, type AdmissionRequest, HealthStatus } from "@dataplane/plugin-protocol";
import fastJsonPatch from "fast-json-patch";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { aPlugin } from "../testing/a-plugin.js";
import { type RunningPlugins, startRealPlugins } from "../testing/a-real-plugin.js";
import { aDataPlaneService, startAggregator, type TestAggregator } from "../testing/start-aggregator.js";

const kind = { group: "things.example.com", version: "v1", kind: "Thing" };
const resource = { group: "things.example.com", version: "v1", resource: "things" };
const thing = (spec: object = {}, more: object = {}) => ({
  apiVersion: "things.example.com/v1",
  kind: "Thing",
  metadata: { name: "x", namespace: "default", uid: "u", labels: { a: "b" } },
  spec,
  ...more,
});
const admissionReview = (request: object) => ({
  apiVersion: "admission.k8s.io/v1",
  kind: "AdmissionReview",
  request: { uid: "705ab4f5", kind, resource, name: "x", namespace: "default", userInfo: { username: "eve", groups: ["editors"] }, ...request },
});
const conversionReview = (objects: readonly unknown[], desiredAPIVersion = "things.example.com/v2") => ({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "ConversionReview",
  request: { uid: "c-1", desiredAPIVersion, objects },
});

const tools = fileURLToPath(new URL("../../../../.cache/tools/", import.meta.url));

/** Built by conformance/build-tools.sh; without Go there is no first one. */
describe.each([
  ["of Go", "acme-testplugin-datasource", "testplugin/acme-testplugin-datasource"],
  ["of TypeScript", "acme-testplugin-ts-datasource", "testplugin-ts/acme-testplugin-ts-datasource"],
])("a plugin %s", (_, id, folder) => {
  const directory = `${tools}${folder}`;
  const run = test.skipIf(!existsSync(directory));
  let real: RunningPlugins | undefined;
  let server: TestAggregator | undefined;

  beforeAll(async () => {
    if (!existsSync(directory)) return;
    real = await startRealPlugins(directory);
    const services = [aDataPlaneService({ plugin: id, serves: ["admission", "conversion"] })];
    server = startAggregator({ plugins: real.plugins.list(), services });
  });
  afterAll(() => real?.[Symbol.asyncDispose]());

  const post = async (path: string, body: object) => {
    const { send } = server ?? expect.fail("it was started");
    return send("POST", `/apis/${id}.grafana.app/v0alpha1/${path}`, { body });
  };

  run("answers a mutation with a patch that makes its object of the one that was sent", async () => {
    const object = thing({ list: [1, 2] });
    const { status, json } = await post("admission/mutate", admissionReview({ operation: "CREATE", object }));
    expect({ status, json }).toMatchObject({
      status: 200,
      json: {
        apiVersion: "admission.k8s.io/v1",
        kind: "AdmissionReview",
        response: { uid: "705ab4f5", allowed: true, patchType: "JSONPatch", patch: expect.any(String) as string },
      },
    });
    const patch = patchOf(json);
    expect(fastJsonPatch.applyPatch(structuredClone(object), patch, true).newDocument).toEqual({
      ...object,
      metadata: { ...object.metadata, annotations: { "acme.example.com/mutated-by": `${id}/CREATE` } },
    });
    expect(patch).toHaveLength(1);
  });

  run("refuses with its own code, reason and message, and still answers 200", async () => {
    const review = admissionReview({ operation: "UPDATE", object: thing({ deny: "not on Fridays" }), oldObject: thing() });
    for (const step of ["mutate", "validate"]) {
      const { status, json } = await post(`admission/${step}`, review);
      expect(status).toBe(200);
      expect(json).toMatchObject({
        response: { uid: "705ab4f5", allowed: false, status: { code: 403, reason: "Forbidden", message: "not on Fridays" } },
      });
      expect(json).not.toHaveProperty("response.patch");
    }
  });

  run("warns, and validates a deletion", async () => {
    const warned = await post("admission/validate", admissionReview({ operation: "CREATE", object: thing({ warn: "careful" }) }));
    expect(warned.json).toMatchObject({ response: { allowed: true, warnings: ["careful"] } });
    for (const step of ["mutate", "validate"]) {
      const deleted = await post(`admission/${step}`, admissionReview({ operation: "DELETE", oldObject: thing(), dryRun: true }));
      expect(deleted.json).toEqual({ apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", response: { uid: "705ab4f5", allowed: true } });
    }
  });

  run("may not make another object of the one it was given", async () => {
    const { json } = await post("admission/mutate", admissionReview({ operation: "CREATE", object: thing({ misbehave: "rename" }) }));
    expect(json).toMatchObject({ kind: "Status", code: 502, reason: "BadGateway", message: expect.stringContaining("metadata.name") as string });
  });

  run("converts objects of several versions, in the order asked", async () => {
    const objects = [
      thing({ title: "first", other: 1 }),
      { ...thing({ name: "as it is" }), apiVersion: "things.example.com/v2" },
      ...Array.from({ length: 450 }, (_, index) => thing({ title: String(index) })),
    ];
    const { status, json } = await post("convert", conversionReview(objects));
    expect(status).toBe(200);
    expect(json).toMatchObject({ kind: "ConversionReview", response: { uid: "c-1", result: { status: "Success" } } });
    const converted = isJsonObject(json) && isJsonObject(json["response"]) ? json["response"]["convertedObjects"] : [];
    expect(converted).toEqual(
      objects.map((object, index) => ({
        ...object,
        apiVersion: "things.example.com/v2",
        spec: index === 0 ? { name: "first", other: 1 } : index === 1 ? { name: "as it is" } : { name: String(index - 2) },
      })),
    );
  });

  run.each([
    [{ deny: "not this one" }, "not this one"],
    [{ misbehave: "version" }, "apiVersion"],
    [{ misbehave: "rename" }, "metadata.name"],
  ])("a conversion that fails names the object: %j", async (spec, words) => {
    const objects = [...Array.from({ length: 30 }, () => thing()), thing(spec, { metadata: { name: "bad", namespace: "default" } }), thing()];
    const { status, json } = await post("convert", conversionReview(objects));
    expect(status).toBe(200);
    expect(json).toMatchObject({ response: { uid: "c-1", result: { status: "Failure" }, convertedObjects: [] } });
    expect(JSON.stringify(json)).toContain(String.raw`objects[30] (Thing \"default/bad\")`);
    expect(JSON.stringify(json)).toContain(words);
  });

  run("an admission whose plugin is killed is 503 at once, and the next one waits for its restart", async () => {
    const slow = post("admission/mutate", admissionReview({ operation: "CREATE", object: thing({ delayMs: 20_000 }) }));
    await new Promise((resolve) => setTimeout(resolve, 500));
    const plugins = real?.plugins ?? expect.fail("it was started");
    const killed = performance.now();
    process.kill(plugins.get(id)?.state.pid ?? expect.fail("it runs"), "SIGKILL");
    expect((await slow).json).toMatchObject({ kind: "Status", code: 503, reason: "ServiceUnavailable" });
    // Long before its own answer would have come.
    expect(performance.now() - killed).toBeLessThan(10_000);
    await vi.waitFor(() => expect(plugins.get(id)?.state.restarts).toBeGreaterThan(0), { timeout: 15_000 });
    const { json } = await post("admission/mutate", admissionReview({ operation: "CREATE", object: thing() }));
    expect(json).toMatchObject({ response: { allowed: true } });
  });

  run("a conversion that loses an object fails", async () => {
    const { json } = await post("convert", conversionReview([thing(), thing({ misbehave: "drop" })]));
    expect(json).toMatchObject({ response: { result: { status: "Failure" }, convertedObjects: [] } });
  });
});

const fake = startAggregator({
  plugins: [
    aPlugin({
      id: "fake",
      calls: {
        checkHealth: () => Promise.resolve({ status: HealthStatus.OK, message: "", jsonDetails: new Uint8Array() }),
        mutateAdmission: ({ objectBytes }) => {
          const { metadata: _, ...rest } = JSON.parse(Buffer.from(objectBytes).toString()) as Record<string, unknown>;
          return Promise.resolve({
            allowed: true,
            warnings: [],
            objectBytes: Buffer.from(JSON.stringify({ ...rest, metadata: { creationTimestamp: null } })),
          });
        },
        validateAdmission: () => Promise.resolve({ allowed: false, warnings: [] }),
      },
    }),
  ],
  services: [aDataPlaneService({ plugin: "fake", serves: ["admission", "conversion"] })],
  limits: { bodyBytes: 4000 },
});
const send = (path: string, body: string | object, headers = {}) => fake.send("POST", `/apis/fake.grafana.app/v0alpha1/${path}`, { body, headers });

test("an identity that a plugin loses is restored, and what the server writes is not a plugin's to change", async () => {
  const object = { ...thing(), metadata: { ...thing().metadata, creationTimestamp: "2026-01-01T00:00:00Z", resourceVersion: "7" } };
  const { json } = await send("admission/mutate", admissionReview({ operation: "UPDATE", object, oldObject: object }));
  expect(patchOf(json)).toEqual([{ op: "remove", path: "/metadata/labels" }]);
});

test("an app is asked with its settings of the object's namespace and who writes, a data source plugin without an instance", async () => {
  const seen: AdmissionRequest[] = [];
  const validateAdmission = (request: AdmissionRequest) => {
    seen.push(request);
    return Promise.resolve({ allowed: true, warnings: [] });
  };
  const plugins = [aPlugin({ id: "acme-app", type: "app", calls: { validateAdmission } }), aPlugin({ id: "acme-ds", calls: { validateAdmission } })];
  const services = [
    aDataPlaneService({ plugin: "acme-app", pluginType: "app", serves: ["admission"] }),
    aDataPlaneService({ plugin: "acme-ds", serves: ["admission"] }),
  ];
  const { send: post } = startAggregator({ plugins, services });
  const body = admissionReview({ operation: "CREATE", namespace: "org-3", object: thing() });
  for (const id of ["acme-app", "acme-ds"])
    expect((await post("POST", `/apis/${id}.grafana.app/v0alpha1/admission/validate`, { body })).status).toBe(200);
  const [app, dataSource] = seen;
  expect(app).toMatchObject({
    operation: AdmissionOperation.CREATE,
    kind,
    pluginContext: { pluginId: "acme-app", namespace: "org-3", orgId: 3, user: { login: "eve", role: "Editor" }, appInstanceSettings: {} },
  });
  expect(dataSource?.pluginContext).toMatchObject({ pluginId: "acme-ds", namespace: "org-3", orgId: 3 });
  expect(dataSource?.pluginContext).not.toHaveProperty("appInstanceSettings");
});

test("a refusal without words is 403", async () => {
  const { json } = await send("admission/validate", admissionReview({ operation: "CREATE", object: thing() }));
  expect(json).toMatchObject({ response: { allowed: false, status: { status: "Failure", code: 403, reason: "Forbidden" } } });
});

test("a plugin without the call is 501, another method 405", async () => {
  expect((await send("convert", conversionReview([thing()]))).json).toMatchObject({ code: 501, reason: "NotImplemented" });
  expect(await fake.send("GET", "/apis/fake.grafana.app/v0alpha1/admission/mutate")).toMatchObject({ status: 405, headers: { allow: "POST" } });
});

const sound = { operation: "CREATE", object: thing() };

test.each<[string, string, object | string, string]>([
  ["mutate", "", "[]", "JSON object"],
  ["mutate", "apiVersion", { ...admissionReview(sound), apiVersion: "admission.k8s.io/v1beta1" }, "admission.k8s.io/v1"],
  ["mutate", "kind", { ...admissionReview(sound), kind: "ConversionReview" }, "AdmissionReview"],
  ["mutate", "request", { ...admissionReview(sound), request: null }, "Required"],
  ["mutate", "request.uid", admissionReview({ ...sound, uid: "" }), "Required"],
  ["mutate", "request.operation", admissionReview({ ...sound, operation: "CONNECT" }), "CONNECT"],
  ["mutate", "request.operation", admissionReview({ ...sound, operation: "create" }), "CREATE, UPDATE, DELETE"],
  ["mutate", "request.object", admissionReview({ operation: "CREATE" }), "Required"],
  ["mutate", "request.object", admissionReview({ ...sound, object: "x" }), "object"],
  ["mutate", "request.object.kind", admissionReview({ ...sound, object: { ...thing(), kind: "Other" } }), "Thing"],
  ["mutate", "request.object", admissionReview({ ...sound, operation: "DELETE" }), "DELETE"],
  ["mutate", "request.oldObject", admissionReview({ ...sound, operation: "UPDATE" }), "Required"],
  ["validate", "request.kind.version", admissionReview({ ...sound, kind: { kind: "Thing" } }), "Required"],
  ["validate", "request.resource", admissionReview({ ...sound, resource: [] }), "object"],
  ["validate", "request.dryRun", admissionReview({ ...sound, dryRun: "yes" }), "true or false"],
  ["validate", "request.userInfo.groups", admissionReview({ ...sound, userInfo: { groups: "all" } }), "list of strings"],
  ["convert", "request.desiredAPIVersion", conversionReview([], "a/b/c"), "group"],
  ["convert", "request.objects", { ...conversionReview([]), request: { uid: "u", desiredAPIVersion: "things.example.com/v2" } }, "Required"],
  ["convert", "request.objects[1]", conversionReview([thing(), 7]), "object"],
  ["convert", "request.objects[0].apiVersion", conversionReview([{ ...thing(), apiVersion: "other.example.com/v1" }]), "things.example.com"],
  ["convert", "request.objects[0].kind", conversionReview([{ apiVersion: "things.example.com/v1" }]), "Required"],
])("%s: %s at fault is 400", async (step, field, body, words) => {
  const { status, json } = await send(step === "convert" ? step : `admission/${step}`, body);
  expect({ status, json }).toMatchObject({ status: 400, json: { kind: "Status", reason: "BadRequest" } });
  expect(JSON.stringify(json)).toContain(words);
  if (field !== "") expect(json).toMatchObject({ details: { causes: [{ field }] } });
});

test("a body that is too large, too deep, or no JSON", async () => {
  expect((await send("convert", conversionReview([thing({ text: "x".repeat(5000) })]))).status).toBe(413);
  expect((await send("convert", `${"[".repeat(1500)}${"]".repeat(1500)}`)).status).toBe(400);
  expect((await send("convert", `{"a":${"[".repeat(1500)}${"]".repeat(1500)}}`)).json).toMatchObject({
    code: 400,
    message: expect.stringContaining("deeper") as string,
  });
  expect((await send("convert", "{")).status).toBe(400);
  expect((await send("convert", "a: b", { "content-type": "application/yaml" })).status).toBe(415);
});

function patchOf(review: unknown): fastJsonPatch.Operation[] {
  const response = isJsonObject(review) && isJsonObject(review["response"]) ? review["response"] : {};
  const { patch } = response;
  return JSON.parse(Buffer.from(typeof patch === "string" ? patch : "", "base64").toString()) as fastJsonPatch.Operation[];
}
