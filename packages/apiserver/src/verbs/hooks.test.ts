import { createMemoryStore } from "@dataplane/storage";
import { expect, test } from "vitest";
import type { AdmissionAttributes, AdmissionHook, HookConcern } from "../admission/admission-hook.js";
import { narrowedHook } from "../admission/narrowed-hook.js";
import type { ResourceDefinition } from "../resource.js";
import { startApiServer, type TestServer } from "../testing/start-api-server.js";

const fleet: ResourceDefinition = {
  group: "example.com",
  version: "v1",
  kind: "Fleet",
  plural: "fleets",
  scope: "namespaced",
  hasStatus: true,
  schema: {
    type: "object",
    properties: {
      spec: { type: "object", properties: { wanted: { type: "integer" } } },
      status: { type: "object", properties: { actual: { type: "integer" } } },
    },
  },
  scale: { specReplicasPath: ".spec.wanted", statusReplicasPath: ".status.actual" },
};

const base = "/apis/example.com/v1/namespaces/default/fleets";

/** Allows all, and remembers what it was asked. */
class Witness implements AdmissionHook {
  readonly concerned: HookConcern[] = [];
  readonly asked: AdmissionAttributes[] = [];
  readonly #concerns: (write: HookConcern) => boolean;

  constructor(concerns: (write: HookConcern) => boolean) {
    this.#concerns = concerns;
  }

  get words(): readonly string[] {
    return this.asked.map(({ operation, kind, subresource }) => [operation, kind.kind, ...(subresource === "" ? [] : [subresource])].join(" "));
  }

  concerns(write: HookConcern): boolean {
    this.concerned.push(write);
    return this.#concerns(write);
  }

  mutate(attributes: AdmissionAttributes) {
    this.asked.push(attributes);
    return Promise.resolve({ object: attributes.object, warnings: [] });
  }

  validate() {
    return Promise.resolve({ warnings: [] });
  }
}

const start = (...hooks: readonly AdmissionHook[]): Promise<TestServer> =>
  startApiServer((registry) => registry.add(fleet), createMemoryStore(), [], hooks);

const merge = (api: TestServer, path: string, body: object) =>
  api.call(path, { method: "PATCH", headers: { "content-type": "application/merge-patch+json" }, body });

/** One write of each verb and subresource. */
async function writeAll(api: TestServer): Promise<void> {
  await api.call(base, { method: "POST", body: { metadata: { name: "f" }, spec: { wanted: 1 } } });
  await merge(api, `${base}/f`, { spec: { wanted: 2 } });
  await merge(api, `${base}/f/status`, { status: { actual: 2 } });
  await merge(api, `${base}/f/scale`, { spec: { replicas: 3 } });
  await api.call(`${base}/f`, { method: "DELETE" });
  await api.call(base, { method: "POST", body: { metadata: { name: "g" } } });
  await api.call(base, { method: "DELETE" });
}

test("a hook without a say in a write is not asked, whatever the verb", async () => {
  const nobody = new Witness(() => false);
  await using api = await start(nobody);
  await writeAll(api);
  expect(nobody.asked).toEqual([]);
  expect(nobody.concerned.some(({ subresource }) => subresource === "scale")).toBe(true);
});

test("a hook with a say in the kind is asked about each write of it, and about the object where a scale is written", async () => {
  const ofFleets = new Witness(({ kind }) => kind.kind === "Fleet");
  const ofScales = new Witness(({ kind }) => kind.kind === "Scale");
  await using api = await start(ofFleets, ofScales);
  await writeAll(api);
  expect(ofFleets.words).toEqual([
    ...["CREATE Fleet", "UPDATE Fleet", "UPDATE Fleet status", "UPDATE Fleet scale", "DELETE Fleet", "CREATE Fleet", "DELETE Fleet"],
  ]);
  expect(ofFleets.asked[3]).toMatchObject({ object: { spec: { wanted: 3 } }, oldObject: { spec: { wanted: 2 } } });
  expect(ofScales.words).toEqual(["UPDATE Scale scale"]);
});

test("what a hook of the object refuses cannot be had by its scale", async () => {
  const refusing = narrowedHook(
    {
      mutate: ({ object }) => Promise.resolve({ object, warnings: [] }),
      validate: ({ operation }) =>
        Promise.resolve({ warnings: [], ...(operation === "UPDATE" ? { denial: { code: 403, reason: "Forbidden", message: "no more" } } : {}) }),
    },
    ({ kind }) => kind.kind === "Fleet",
  );
  await using api = await start(refusing);
  await api.call(base, { method: "POST", body: { metadata: { name: "f" }, spec: { wanted: 1 } } });
  expect(await merge(api, `${base}/f/scale`, { spec: { replicas: 3 } })).toMatchObject({ status: 403, json: { reason: "Forbidden" } });
  expect((await api.call(`${base}/f`)).json["spec"]).toEqual({ wanted: 1 });
});

test("a webhook's rules say which writes concern it, in any version of a resource", async () => {
  const witness = new Witness(() => false);
  await using api = await start(witness);
  const webhook = {
    ...{ name: "a.example.com", clientConfig: { url: "https://127.0.0.1:1/" }, sideEffects: "None", admissionReviewVersions: ["v1"] },
    rules: [{ operations: ["UPDATE"], apiGroups: ["example.com"], apiVersions: ["v1"], resources: ["fleets/scale"] }],
  };
  const made = await api.call("/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations", {
    method: "POST",
    body: { metadata: { name: "a" }, webhooks: [webhook] },
  });
  expect(made.status).toBe(201);
  expect((await api.call(base, { method: "POST", body: { metadata: { name: "f" }, spec: { wanted: 1 } } })).status).toBe(201);
  expect((await merge(api, `${base}/f`, { spec: { wanted: 2 } })).status).toBe(200);
  expect((await merge(api, `${base}/f/scale`, { spec: { replicas: 3 } })).json["message"]).toContain('failed calling webhook "a.example.com"');
});
