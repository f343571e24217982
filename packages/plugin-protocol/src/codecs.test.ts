import { expect, test } from "vitest";
import { codecs } from "./codecs.js";
import { GrpcCode } from "./grpc-link.js";
import { aPluginContext } from "./testing/a-plugin-context.js";

test("a query comes back as it was sent, with 64-bit integers as numbers and the whole JSON", () => {
  const request = {
    pluginContext: aPluginContext(),
    headers: { Cookie: "a=b", http_X: "1" },
    queries: [
      {
        refId: "A",
        maxDataPoints: 1100,
        intervalMS: 15_000,
        timeRange: { fromEpochMS: 1_704_067_200_000, toEpochMS: 2 ** 52 },
        json: Buffer.from("{}"),
        queryType: "small",
      },
    ],
    format: 1 as const,
  };
  const decoded = codecs.queryData.decodeRequest(codecs.queryData.encodeRequest(request));
  expect(plain(decoded)).toEqual(plain(request));
});

test("an absent field is its zero value, an absent message is absent", () => {
  const response = codecs.queryData.decodeResponse(codecs.queryData.encodeResponse({ responses: { A: empty() } }));
  expect(plain(response)).toEqual({ responses: { A: plain(empty()) } });
  const context = codecs.collectMetrics.decodeRequest(new Uint8Array());
  expect(Object.keys(context)).toEqual([]);
  expect(plain(codecs.mutateAdmission.decodeResponse(new Uint8Array()))).toEqual({ allowed: false, warnings: [], objectBytes: "" });
});

test("a map's keys are only keys, whatever their names", () => {
  const names: Record<string, ReturnType<typeof empty>> = JSON.parse('{"__proto__":null,"constructor":null,"toString":null}') as never;
  for (const name of Object.keys(names)) Object.defineProperty(names, name, { value: empty(), enumerable: true });
  const { responses } = codecs.queryData.decodeResponse(codecs.queryData.encodeResponse({ responses: names }));
  expect(Object.getPrototypeOf(responses)).toBeNull();
  expect(new Set(Object.keys(responses))).toEqual(new Set(["__proto__", "constructor", "toString"]));
});

test("bytes that are no message are an Internal error", () => {
  expect(() => codecs.queryData.decodeResponse(Buffer.from("ffffffff", "hex"))).toThrow(
    expect.objectContaining({ code: GrpcCode.Internal }) as Error,
  );
});

const empty = () => ({ frames: [], error: "", jsonMeta: new Uint8Array(), status: 0, errorSource: "", format: 0 as const });
/** Bytes as text, and no difference between a Buffer and another Uint8Array. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString();
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, it]) => [key, plain(it)]));
}
