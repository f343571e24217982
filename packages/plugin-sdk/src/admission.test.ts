import type { ConversionRequest as WireConversion, AdmissionRequest as WireRequest } from "@dataplane/plugin-protocol";
import { expect, test } from "vitest";
import { type AdmissionRequest, answerConversion, answerMutation, answerValidation, type ConversionRequest } from "./admission.js";
import { BadRequestError, PluginError } from "./plugin-error.js";
import { dataSourceContext } from "./testing/requests.js";

const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const decode = (bytes: Uint8Array | undefined): unknown => JSON.parse(new TextDecoder().decode(bytes));
const kind = { group: "acme.example.com", version: "v1", kind: "Thing" };

const admission = (changes: Partial<WireRequest> = {}): WireRequest => ({
  pluginContext: dataSourceContext(),
  operation: 1,
  kind,
  objectBytes: encode({ spec: { size: 2 } }),
  oldObjectBytes: encode({ spec: { size: 1 } }),
  ...changes,
});

test("a hook sees the operation, the kind and both objects", async () => {
  const seen: AdmissionRequest[] = [];
  const answer = await answerValidation(admission(), (request) => {
    seen.push(request);
    return { warnings: ["careful"] };
  });
  expect(answer).toEqual({ allowed: true, warnings: ["careful"] });
  expect(seen).toEqual([{ operation: "update", kind, object: { spec: { size: 2 } }, oldObject: { spec: { size: 1 } } }]);
});

test("what a hook throws is a refusal, with the code and reason that a client is told", async () => {
  const refusals = [
    { thrown: new PluginError("not yours", { status: 403, source: "downstream" }), result: { code: 403, reason: "Forbidden", message: "not yours" } },
    { thrown: new PluginError("too large", { status: 422, source: "downstream" }), result: { code: 422, reason: "Invalid" } },
    { thrown: new BadRequestError("no"), result: { code: 400, reason: "BadRequest" } },
    { thrown: new TypeError("oops"), result: { code: 500, reason: "InternalError" } },
  ];
  for (const { thrown, result } of refusals) {
    const refuse = (): never => {
      throw thrown;
    };
    expect(await answerValidation(admission(), refuse)).toMatchObject({ allowed: false, result: { status: "Failure", ...result } });
    expect(await answerMutation(admission(), refuse)).toMatchObject({ allowed: false, objectBytes: new Uint8Array(), result });
  }
});

test("a hook that returns no object leaves it as it is, byte for byte", async () => {
  const objectBytes = new TextEncoder().encode('{ "spec":  {} }');
  expect(await answerMutation(admission({ objectBytes }), () => ({}))).toEqual({ allowed: true, warnings: [], objectBytes });
  const changed = await answerMutation(admission(), ({ object }) => ({ object: { ...object, changed: true } }));
  expect(decode(changed.objectBytes)).toEqual({ spec: { size: 2 }, changed: true });
});

test("no kind, no object and no JSON on the wire end no call", async () => {
  const { kind: _, ...withoutKind } = admission({ objectBytes: new Uint8Array(), oldObjectBytes: new Uint8Array() });
  // As a host may send it: a message inside a message can be absent.
  const seen = await answerValidation(withoutKind as WireRequest, (request) => {
    expect(request).toMatchObject({ kind: { group: "", version: "", kind: "" }, object: {} });
    return {};
  });
  expect(seen.allowed).toBe(true);
  for (const changes of [{ objectBytes: new TextEncoder().encode("{") }, { objectBytes: encode([]) }, { operation: 9 as never }]) {
    expect(await answerValidation(admission(changes), () => ({}))).toMatchObject({ allowed: false, result: { code: 400 } });
  }
});

const conversion = (changes: Partial<WireConversion> = {}): WireConversion => ({
  pluginContext: dataSourceContext(),
  uid: "u",
  objects: [{ raw: encode({ a: 1 }), contentType: "application/json" }],
  targetVersion: { group: "acme.example.com", version: "v2" },
  ...changes,
});

test("a conversion gives back as many objects, or fails as a whole", async () => {
  const convert = ({ objects }: ConversionRequest) => objects.map((object) => ({ ...object, b: 2 }));
  const good = await answerConversion(conversion(), convert);
  expect([good.uid, good.result?.status, good.objects.map(({ raw }) => decode(raw))]).toEqual(["u", "Success", [{ a: 1, b: 2 }]]);
  const lost = await answerConversion(conversion(), () => []);
  expect(lost).toMatchObject({
    uid: "u",
    objects: [],
    result: { status: "Failure", code: 500, message: expect.stringContaining("1 objects were to be") },
  });
  const { targetVersion: _, ...aimless } = conversion();
  expect(await answerConversion(aimless as WireConversion, convert)).toMatchObject({
    result: { code: 400, message: "the request has no target version" },
  });
});
