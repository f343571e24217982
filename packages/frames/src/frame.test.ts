import { execFileSync } from "node:child_process";
import { tableFromIPC } from "apache-arrow";
import fc from "fast-check";
import { expect, test } from "vitest";
import { arrowToJson, type Field, type Frame, FrameError, frameToArrow, frameToJson, scanJsonFrame } from "./index.js";
import { arbitraryFrame } from "./testing/arbitrary-frame.js";

const utf8 = (bytes: Uint8Array) => Buffer.from(bytes).toString("utf8");

test("any frame prints the same from the model and by way of Arrow", () => {
  fc.assert(
    fc.property(arbitraryFrame(20), (frame) => {
      const json = frameToJson(frame);
      const { json: viaArrow, rows } = arrowToJson(frameToArrow(frame));
      expect(utf8(viaArrow)).toBe(utf8(json));
      expect(rows).toBe(frame.fields[0]?.values.length ?? 0);
      expect(scanJsonFrame(json).rows).toBe(rows);
      expect(() => void JSON.parse(utf8(json))).not.toThrow();
    }),
    { numRuns: 500 },
  );
});

const MODEL: Frame = {
  name: "n",
  refId: "A",
  meta: { typeVersion: [0, 1], type: "timeseries-multi", custom: { b: 1e-7 } },
  fields: [
    { name: "t", type: "time", nullable: false, values: [1_700_000_000_123_456_789n, -1n], labels: { b: "1", a: "<" } },
    { name: "v", type: "float64", nullable: true, values: [Number.NaN, null], config: { unit: "s", displayName: "x" } },
    { name: "i", type: "int64", nullable: false, values: [9_223_372_036_854_775_807n, -9_223_372_036_854_775_808n] },
    { name: "s", type: "string", nullable: true, values: ["é<", null] },
  ],
};

test("keys stand in Go's order and the values that JSON cannot say stand aside", () => {
  expect(utf8(frameToJson(MODEL))).toBe(
    '{"schema":{"name":"n","refId":"A","meta":{"type":"timeseries-multi","typeVersion":[0,1],"custom":{"b":1e-07}},"fields":[' +
      '{"name":"t","type":"time","typeInfo":{"frame":"time.Time"},"labels":{"a":"<","b":"1"}},' +
      '{"name":"v","type":"number","typeInfo":{"frame":"float64","nullable":true},"config":{"displayName":"x","unit":"s"}},' +
      '{"name":"i","type":"number","typeInfo":{"frame":"int64"}},{"name":"s","type":"string","typeInfo":{"frame":"string","nullable":true}}]},' +
      '"data":{"values":[[1700000000123,-1],[null,null],[9223372036854775807,-9223372036854775808],["é\\u003c",null]],' +
      '"entities":[null,{"NaN":[0]},null,null],"nanos":[[456789,999999],null,null,null]}}',
  );
});

test("another Arrow implementation reads what is written", () => {
  const table = tableFromIPC(frameToArrow(MODEL));
  expect(table.schema.metadata.get("refId")).toBe("A");
  expect(table.schema.fields.map((field) => [field.name, String(field.type), field.nullable])).toEqual([
    ["t", "Timestamp<NANOSECOND>", false],
    ["v", "Float64", true],
    ["i", "Int64", false],
    ["s", "Utf8", true],
  ]);
  expect(table.getChild("i")?.toArray()).toEqual(BigInt64Array.of(9_223_372_036_854_775_807n, -9_223_372_036_854_775_808n));
  expect([...(table.getChild("s") ?? [])]).toEqual(["é<", null]);
});

const field = (parts: Partial<Field>): Frame => ({ fields: [{ name: "f", type: "int8", nullable: false, values: [], ...parts }] });

test.each([
  ["a null where none may be", field({ values: [null] })],
  ["an integer out of range", field({ values: [128] })],
  ["a fraction in integers", field({ values: [1.5] })],
  ["a number where a bigint belongs", field({ type: "int64", values: [1] })],
  ["a time beyond 64 bits", field({ type: "time", values: [2n ** 63n] })],
  ["text where a boolean belongs", field({ type: "bool", values: ["true"] })],
  ["columns of different length", { fields: [...field({ values: [1] }).fields, ...field({}).fields] }],
  ["a config that JSON cannot say", field({ config: { n: 1n } })],
] as [string, Frame][])("refuses %s", (_, frame) => {
  expect(() => frameToJson(frame)).toThrow(FrameError);
  expect(() => frameToArrow(frame)).toThrow(FrameError);
});

function goDecoder(): ((arrows: readonly Uint8Array[]) => string[]) | undefined {
  const directory = new URL("../golden/", import.meta.url);
  const run = (input: string) =>
    // eslint-disable-next-line sonarjs/no-os-command-from-path -- whichever Go the developer has
    execFileSync("go", ["run", ".", "decode"], {
      cwd: directory,
      input,
      encoding: "utf8",
      maxBuffer: 1 << 28,
      env: { ...process.env, GOFLAGS: "-buildvcs=false", GOPROXY: "off" },
      stdio: ["pipe", "pipe", "ignore"],
    });
  try {
    run("");
  } catch {
    return undefined;
  }
  return (arrows) =>
    run(arrows.map((arrow) => `${Buffer.from(arrow).toString("base64")}\n`).join(""))
      .trimEnd()
      .split("\n");
}

test("Go's SDK reads the Arrow that is written and prints the same JSON", { timeout: 300_000 }, (context) => {
  const decode = goDecoder();
  if (decode === undefined) return context.skip("Go or the SDK's module is not on this machine");
  // Go keeps of meta and config what it knows and sorts maps; what is free there is left out here.
  const frames = fc.sample(arbitraryFrame(12), { numRuns: 300, seed: 7 }).map((frame): Frame => {
    const fields = frame.fields.map(
      ({ name, type, nullable, values, labels }): Field => ({ name, type, nullable, values, ...(labels && { labels }) }),
    );
    return { name: frame.name ?? "", refId: frame.refId ?? "", fields, meta: { type: "table", typeVersion: [1, 2], channel: "<x>" } };
  });
  expect(decode(frames.map(frameToArrow))).toEqual(frames.map((frame) => utf8(frameToJson(frame))));
});
