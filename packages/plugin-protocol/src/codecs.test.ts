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

test("of an answer that is there twice the last one counts", () => {
  const once = (error: string) => codecs.queryData.encodeResponse({ responses: { A: { ...empty(), error } } });
  const { responses } = codecs.queryData.decodeResponse(Buffer.concat([once("first"), once("second")]));
  expect(Object.values(responses).map(({ error }) => error)).toEqual(["second"]);
});

test("an answer of endlessly many small parts is refused before it is read; one of many frames is not", () => {
  const answerOf = (frames: number) =>
    codecs.queryData.encodeResponse({ responses: { A: { ...empty(), frames: Array.from({ length: frames }, () => new Uint8Array()) } } });
  expect(() => codecs.queryData.decodeResponse(answerOf(1_000_001))).toThrow(expect.objectContaining({ code: GrpcCode.Internal }));
  expect(codecs.queryData.decodeResponse(answerOf(999_990)).responses["A"]?.frames).toHaveLength(999_990);
  const entries = Buffer.alloc(2_000_002, Buffer.from([0x0a, 0x00]));
  expect(() => codecs.queryData.decodeResponse(entries)).toThrow(expect.objectContaining({ code: GrpcCode.Internal }));
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
