import { Buffer } from "node:buffer";
import { type Frame, frameToArrow, frameToJson } from "@dataplane/frames";
import { DataFrameFormat, type DataResponse } from "@dataplane/plugin-protocol";
import { expect, test } from "vitest";
import { aDataPlaneService, anAnswer, aPlugin, startAggregator } from "../testing/start-aggregator.js";

const services = [aDataPlaneService({ plugin: "prometheus" })];
const rows = (count: number): Frame => ({ fields: [{ name: "n", type: "int8", nullable: false, values: Array.from({ length: count }, () => 1) }] });

const ask = (answers: Readonly<Record<string, Partial<DataResponse>>>, limits: object, accept = "application/json") =>
  startAggregator({ plugins: [aPlugin({ id: "prometheus", answers })], services, limits }).query(
    "prometheus",
    "main",
    Object.keys(answers).map((refId) => ({ refId })),
    { headers: { accept } },
  );

test.each([
  ["JSON", DataFrameFormat.JSON, frameToJson],
  ["Arrow", DataFrameFormat.ARROW, frameToArrow],
] as const)("rows of %s frames are counted over all frames of a result; others stay", async (_, format, print) => {
  const response = await ask(
    { A: { frames: [print(rows(6)), print(rows(5))], format }, B: { frames: [print(rows(10))], format } },
    { resultRows: 10 },
  );
  expect(response.json).toMatchObject({
    results: {
      A: { status: 413, errorSource: "plugin", error: "the result has more than 10 rows, the limit that [dataproxy] row_limit sets" },
      B: { status: 200, frames: [{}] },
    },
  });
});

test("bytes are counted as the plugin sent them, and 0 is no limit", async () => {
  const frame = frameToJson(rows(100));
  const over = await ask({ A: { frames: [frame, frame] }, B: { frames: [frame] } }, { resultBytes: frame.byteLength + 1 });
  expect(over.json).toMatchObject({
    results: { A: { status: 413, error: expect.stringContaining("[dataproxy] response_limit") as string }, B: { status: 200 } },
  });
  expect((await ask({ A: { frames: [frame] } }, { resultBytes: 0 })).json).toMatchObject({ results: { A: { status: 200 } } });
});

test("a large Arrow frame is printed as it is sent, the same bytes as a small one's", async () => {
  const frame: Frame = { fields: [{ name: "n", type: "int64", nullable: false, values: Array.from({ length: 100_000 }, (_, row) => BigInt(row)) }] };
  const arrow = frameToArrow(frame);
  expect(arrow.byteLength).toBeGreaterThan(512 * 1024);
  const response = await ask({ A: { frames: [arrow], format: DataFrameFormat.ARROW }, B: { frames: [], error: "no", status: 400 } }, {});
  expect(response.text).toBe(
    `{"results":{"A":{"status":200,"frames":[${Buffer.from(frameToJson(frame)).toString()}]},"B":{"error":"no","errorSource":"plugin","status":400}}}`,
  );
});

test.each([
  ["rows that are only claimed", claiming(2n ** 31n - 1n)],
  ["rows beyond 2^53", claiming(2n ** 62n)],
  ["a stream that ends in the middle", frameToArrow(rows(1000)).subarray(0, 300)],
  ["no Arrow at all", Buffer.from("null")],
])("an Arrow frame with %s is an error of its result, in each form", async (_, frame) => {
  for (const accept of ["application/json", "text/jsonl", "text/csv", "application/vnd.apache.arrow.stream"]) {
    const response = await ask({ A: anAnswer({ frames: [frame], format: DataFrameFormat.ARROW }) }, {}, accept);
    expect(response.text).toContain("the plugin sent a broken data frame");
  }
});

/** A frame of one row whose record batch says that it has `rows`. */
function claiming(count: bigint): Uint8Array {
  const arrow = Buffer.from(frameToArrow({ fields: [{ name: "n", type: "int8", nullable: false, values: Array.from({ length: 77 }, () => 1) }] }));
  const one = Buffer.alloc(8);
  one.writeBigInt64LE(77n);
  for (let at = arrow.indexOf(one); at >= 0; at = arrow.indexOf(one, at + 8)) arrow.writeBigInt64LE(count, at);
  return arrow;
}
