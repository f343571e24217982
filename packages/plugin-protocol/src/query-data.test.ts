import fc from "fast-check";
import { expect, test } from "vitest";
import { codec } from "./codec.js";
import { codecs } from "./codecs.js";
import { decodePlainQueryData } from "./decode-query-data.js";
import { encodeQueryDataRequest } from "./encode-query-data.js";
import { pluginv2 } from "./gen/wire.js";
import type { PluginContext, QueryDataRequest, QueryDataResponse } from "./messages.js";

const generated = {
  request: codec<QueryDataRequest>(pluginv2, "QueryDataRequest"),
  response: codec<QueryDataResponse>(pluginv2, "QueryDataResponse"),
};

const aContext: PluginContext = {
  ...{ orgId: 1, pluginId: "p", user: { login: "ann", name: "Ann", email: "", role: "Viewer" }, grafanaConfig: { a: "b", "": "c" } },
  ...{ pluginVersion: "1.0.0", userAgent: "x", apiVersion: "v0alpha1", namespace: "default" },
};

const text = fc.oneof(fc.string(), fc.string({ unit: "grapheme", maxLength: 300 }), fc.constantFrom("__proto__", "", "A"));
const bytes = fc.uint8Array({ maxLength: 400 }).map((it) => Buffer.from(it));
const integer = fc.oneof(fc.maxSafeInteger(), fc.constantFrom(0, 1, -1, 127, 128, 2 ** 31, 2 ** 32, -(2 ** 32)));
const requests = fc.record({
  pluginContext: fc.constant(aContext),
  headers: fc.dictionary(fc.string({ minLength: 1, unit: "grapheme-ascii" }), text, { noNullPrototype: false }),
  queries: fc.array(
    fc.record({
      ...{ refId: text, maxDataPoints: integer, intervalMS: integer, json: bytes, queryType: text },
      timeRange: fc.record({ fromEpochMS: integer, toEpochMS: integer }),
    }),
    { maxLength: 4 },
  ),
  format: fc.constantFrom(0 as const, 1 as const),
});

test("what is encoded by hand is what the generated code reads, for the first time and when the context is known", () => {
  fc.assert(
    fc.property(requests, (request) => {
      expect(generated.request.decode(encodeQueryDataRequest(request))).toEqual(generated.request.decode(generated.request.encode(request)));
    }),
  );
});

test("requests of any size stand by themselves", () => {
  const query = { refId: "A", maxDataPoints: 1, intervalMS: 1, timeRange: { fromEpochMS: 1, toEpochMS: 2 }, queryType: "" };
  for (const size of [100, 127, 128, 16_383, 16_384, 3_000_000]) {
    const request = { pluginContext: aContext, headers: {}, queries: [{ ...query, json: Buffer.alloc(size, 0x61) }], format: 1 as const };
    const first = encodeQueryDataRequest(request);
    encodeQueryDataRequest({ ...request, queries: [] });
    expect(generated.request.decode(first).queries[0]?.json.byteLength).toBe(size);
  }
});

const responses = fc.record({
  responses: fc.dictionary(
    text,
    fc.record({
      ...{ frames: fc.array(bytes, { maxLength: 3 }), error: text, jsonMeta: bytes, status: fc.integer({ min: -5, max: 2 ** 31 - 1 }) },
      ...{ errorSource: text, format: fc.constantFrom(0 as const, 1 as const) },
    }),
    { noNullPrototype: false },
  ),
});

test("what is decoded by hand is what the generated code makes of the same bytes", () => {
  fc.assert(
    fc.property(responses, (response) => {
      const sent = Buffer.from(generated.response.encode(response));
      expect(codecs.queryData.decodeResponse(sent)).toEqual(generated.response.decode(sent));
    }),
  );
});

test("bytes of any kind are an answer to both, the same one, or to neither", () => {
  const outcome = (decode: () => unknown): unknown => {
    try {
      return decode();
    } catch {
      return "no answer";
    }
  };
  const sent = Buffer.from(
    generated.response.encode({
      responses: { A: { frames: [Buffer.from("{}")], error: "e", jsonMeta: Buffer.from("m"), status: 200, errorSource: "plugin", format: 1 } },
    }),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(sent.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }), fc.nat(sent.length), (changes, length) => {
      const broken = Buffer.from(sent.subarray(0, length));
      for (const [at, byte] of changes) if (at < length) broken[at] = byte;
      const byHand = decodePlainQueryData(broken);
      if (byHand !== undefined) expect(byHand).toEqual(outcome(() => generated.response.decode(broken)));
    }),
    { numRuns: 2_000 },
  );
});
