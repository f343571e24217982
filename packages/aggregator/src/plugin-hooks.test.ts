import type { AdmissionAttributes } from "@dataplane/apiserver";
import type { JsonObject } from "@dataplane/meta";
import type { PluginClient } from "@dataplane/plugin-host";
import type { ConversionRequest } from "@dataplane/plugin-protocol";
import { expect, test } from "vitest";
import { pluginAdmission } from "./plugin-admission.js";
import { pluginConversion } from "./plugin-conversion.js";
import { aPlugin } from "./testing/a-plugin.js";
import { knownDataSources } from "./testing/known-data-sources.js";

const signal = new AbortController().signal;
const user = { name: "ann", groups: [] };
const contexts = knownDataSources([]);
const thing = (index: number, spec: JsonObject = {}): JsonObject => ({
  apiVersion: "things.example.com/v1",
  kind: "Thing",
  metadata: { name: `t${index}`, namespace: "default", uid: `u${index}`, labels: { a: "b" } },
  spec,
});

const attributes: AdmissionAttributes = {
  operation: "UPDATE",
  kind: { group: "things.example.com", version: "v1", kind: "Thing" },
  resource: { group: "things.example.com", version: "v1", resource: "things" },
  subresource: "",
  name: "t1",
  namespace: "default",
  object: thing(1),
  oldObject: thing(1),
  dryRun: false,
  user,
};

const admission = (mutateAdmission: PluginClient["mutateAdmission"]) =>
  pluginAdmission({ plugin: aPlugin({ id: "p", calls: { mutateAdmission } }), contexts, callTimeoutMs: 1000 });

test.each([
  ["{", "no JSON object"],
  ["[]", "no JSON object"],
  [`{"a":${"[".repeat(5000)}${"]".repeat(5000)}}`, "no JSON object"],
  [JSON.stringify({ ...thing(1), kind: "Other", metadata: { uid: "another" } }), "kind, metadata.uid"],
  ["\xff", "no JSON object"],
])("a mutation to what is no such object is the plugin's fault: %s", async (text, words) => {
  const hook = admission(() => Promise.resolve({ allowed: true, warnings: [], objectBytes: Buffer.from(text, "latin1") }));
  await expect(hook.mutate(attributes, signal)).rejects.toMatchObject({ reason: "BadGateway", message: expect.stringContaining(words) as string });
});

test("a mutation that answers nothing leaves the object as it is, with its warnings", async () => {
  const hook = admission(() => Promise.resolve({ allowed: true, warnings: ["hm"], objectBytes: new Uint8Array() }));
  expect(await hook.mutate(attributes, signal)).toEqual({ object: attributes.object, warnings: ["hm"] });
});

/** Answers as `answer` says, and remembers how many objects came with each call. */
function converter(answer: (request: ConversionRequest) => readonly JsonObject[], uid?: string) {
  const calls: number[] = [];
  const convertObjects: PluginClient["convertObjects"] = (request) => {
    calls.push(request.objects.length);
    const objects = answer(request).map((object) => ({ raw: Buffer.from(JSON.stringify(object)), contentType: "application/json" }));
    return Promise.resolve({ uid: uid ?? request.uid, objects });
  };
  const plugin = aPlugin({ id: "p", calls: { convertObjects } });
  let uids = 0;
  const conversion = pluginConversion({ plugin, contexts, callTimeoutMs: 1000, newUid: () => String(uids++), user });
  return { calls, convert: (objects: readonly JsonObject[]) => conversion.convert(objects, { group: "things.example.com", version: "v2" }, signal) };
}

const parsed = ({ objects }: ConversionRequest): readonly JsonObject[] =>
  objects.map(({ raw }) => JSON.parse(Buffer.from(raw).toString()) as JsonObject);
const inV2 = (request: ConversionRequest) => parsed(request).map((object) => ({ ...object, apiVersion: "things.example.com/v2" }));

test("many objects and large ones go in several calls, and come back in their order", async () => {
  const many = converter(inV2);
  const objects = Array.from({ length: 450 }, (_, index) => thing(index));
  expect(await many.convert(objects)).toEqual({ converted: objects.map((object) => ({ ...object, apiVersion: "things.example.com/v2" })) });
  expect(many.calls).toEqual([200, 200, 50]);
  const large = converter(inV2);
  await large.convert([1, 2, 3, 4].map((index) => thing(index, { text: "x".repeat(3 * 1024 * 1024) })));
  expect(large.calls).toEqual([2, 2]);
});

test("a plugin is not asked for what has the version already", async () => {
  const { calls, convert } = converter(inV2);
  const old = { ...thing(1), apiVersion: "things.example.com/v2" };
  expect(await convert([old])).toEqual({ converted: [old] });
  expect(await convert([])).toEqual({ converted: [] });
  expect(calls).toEqual([]);
});

test("metadata stays, but for labels and annotations", async () => {
  const { convert } = converter((request) =>
    inV2(request).map((object) => ({ ...object, metadata: { name: "t1", namespace: "default", uid: "u1", labels: { c: "d" }, generation: 9 } })),
  );
  const object = { ...thing(1), metadata: { name: "t1", namespace: "default", uid: "u1", generation: 2, annotations: { e: "f" } } };
  expect(await convert([object])).toMatchObject({
    converted: [{ metadata: { name: "t1", namespace: "default", uid: "u1", generation: 2, labels: { c: "d" } } }],
  });
});

test("another number of objects, another's answer, or what is no object", async () => {
  expect(await converter((request) => inV2(request).slice(1)).convert([thing(1), thing(2)])).toMatchObject({
    failure: { message: 'objects[0] (Thing "default/t1"): plugin "p" was asked for 1 and gave 0' },
  });
  await expect(converter(inV2, "another").convert([thing(1)])).rejects.toMatchObject({ reason: "BadGateway" });
  expect(await converter(() => [{ apiVersion: "things.example.com/v2" }]).convert([thing(1)])).toMatchObject({
    failure: { message: expect.stringContaining('objects[0] (Thing "default/t1")') as string },
  });
});
