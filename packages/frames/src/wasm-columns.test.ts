import { Float64, LargeUtf8, RecordBatchStreamWriter, Table, tableFromArrays, Utf8, vectorFromArray } from "apache-arrow";
import fc from "fast-check";
import { expect, test } from "vitest";
import { readArrow } from "./arrow-reader.js";
import { printRows } from "./column-json.js";
import { ColumnExtras } from "./entities.js";
import { arrowToJson, type Frame, frameToArrow, frameToJson } from "./index.js";
import { arbitraryFrame } from "./testing/arbitrary-frame.js";
import { readGoldens } from "./testing/goldens.js";
import { printRowsByWasm } from "./wasm-columns.js";

/** Prints each column by both twins. */
function mustAgree(arrow: Uint8Array): void {
  const frame = readArrow(arrow);
  for (const [index, field] of frame.schema.fields.entries()) {
    for (const chunk of frame.columns[index] ?? []) {
      const [here, there] = [new ColumnExtras(), new ColumnExtras()];
      const printed = printRowsByWasm(field, chunk, 0, chunk.rows, 0, there);
      if (printed === undefined) continue;
      expect(printed.toString("utf8")).toBe(printRows(field, chunk, 0, chunk.rows, 0, here));
      expect(there.printEntities()).toBe(here.printEntities());
      expect(there.printNanos(chunk.rows)).toBe(here.printNanos(chunk.rows));
    }
  }
}

test("both twins print the goldens alike", () => {
  for (const { arrow } of readGoldens()) mustAgree(Buffer.from(arrow, "base64"));
});

test("both twins print random frames alike", () => {
  fc.assert(
    fc.property(arbitraryFrame(20), (frame) => mustAgree(frameToArrow(frame))),
    { numRuns: 300 },
  );
});

function randomBits(count: number): Float64Array {
  let state = 12345;
  const words = Uint32Array.from({ length: count * 2 }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state ^ (state >>> 15);
  });
  return new Float64Array(words.buffer);
}

test("200,000 doubles of random bits are printed as JavaScript prints them", () => {
  const values = [...randomBits(200_000)];
  const frame: Frame = { fields: [{ name: "v", type: "float64", nullable: false, values }] };
  expect(Buffer.from(arrowToJson(frameToArrow(frame)).json).equals(frameToJson(frame))).toBe(true);
});

test("frames of more rows than a piece keep their nulls, entities and nanoseconds in place", () => {
  const rows = Array.from({ length: 20_000 }, (_, row) => row);
  const frame: Frame = {
    fields: [
      { name: "t", type: "time", nullable: true, values: rows.map((row) => (row % 7 === 0 ? null : BigInt(row) * 500_001n)) },
      { name: "v", type: "float64", nullable: true, values: rows.map((row) => (row % 5 === 0 ? null : row % 6 === 0 ? Number.NaN : row / 3)) },
      { name: "s", type: "string", nullable: true, values: rows.map((row) => (row % 3 === 0 ? null : `é${row}<"`)) },
      { name: "b", type: "bool", nullable: true, values: rows.map((row) => (row % 11 === 0 ? null : row % 2 === 0)) },
      { name: "i", type: "int16", nullable: true, values: rows.map((row) => (row % 13 === 0 ? null : row - 10_000)) },
    ],
  };
  expect(Buffer.from(arrowToJson(frameToArrow(frame)).json).equals(frameToJson(frame))).toBe(true);
});

test("rows of much text are printed in smaller pieces", () => {
  const values = Array.from({ length: 9000 }, (_, row) => (row % 9 === 0 ? null : "<é".repeat(row % 700)));
  const frame: Frame = { fields: [{ name: "s", type: "string", nullable: true, values }] };
  expect(Buffer.from(arrowToJson(frameToArrow(frame)).json).equals(frameToJson(frame))).toBe(true);
});

test("a string larger than the module may grow is printed all the same", () => {
  const frame: Frame = { fields: [{ name: "s", type: "string", nullable: false, values: ["<é".repeat(2_000_000), "after"] }] };
  expect(Buffer.from(arrowToJson(frameToArrow(frame)).json).equals(frameToJson(frame))).toBe(true);
});

test("a stream of several record batches is one frame", () => {
  const table = tableFromArrays({ v: Float64Array.of(1, 2.5) });
  const other = tableFromArrays({ v: Float64Array.of(Number.NaN) });
  const writer = new RecordBatchStreamWriter();
  for (const batch of [...table.batches, ...other.batches]) writer.write(batch);
  writer.finish();
  const { json, rows } = arrowToJson(writer.toUint8Array(true));
  expect(rows).toBe(3);
  expect(Buffer.from(json).toString("utf8")).toMatch(/"data":\{"values":\[\[1,2\.5,null\]\],"entities":\[\{"NaN":\[2\]\}\]\}\}$/);
});

test("strings with offsets of 64 bits are read", () => {
  const table = new Table({
    s: vectorFromArray(["a", null, "é<"], new LargeUtf8()),
    t: vectorFromArray(["x", "y", "z"], new Utf8()),
    f: vectorFromArray([1, 2, 3], new Float64()),
  });
  const writer = new RecordBatchStreamWriter();
  for (const batch of table.batches) writer.write(batch);
  writer.finish();
  expect(Buffer.from(arrowToJson(writer.toUint8Array(true)).json).toString("utf8")).toContain(
    '"values":[["a",null,"é\\u003c"],["x","y","z"],[1,2,3]]',
  );
});

test("Arrow data may lie at any address", () => {
  const arrow = frameToArrow({
    fields: [
      { name: "v", type: "float64", nullable: true, values: [0.1, null, Number.NaN] },
      { name: "t", type: "time", nullable: false, values: [1n, 2n, 3n] },
      { name: "s", type: "string", nullable: false, values: ["a", "", "é"] },
    ],
  });
  const shifted = new Uint8Array(arrow.length + 3);
  shifted.set(arrow, 3);
  expect(Buffer.from(arrowToJson(shifted.subarray(3)).json).equals(arrowToJson(arrow).json)).toBe(true);
});

test("foreign keys of meta and config are kept behind Go's, nested order stays", () => {
  const frame: Frame = {
    meta: { zeta: 1, custom: { b: 1, a: 2 }, type: "x" },
    fields: [{ name: "v", type: "int8", nullable: false, values: [], config: { foreign: true, unit: "s" } }],
  };
  const text = Buffer.from(arrowToJson(frameToArrow(frame)).json).toString("utf8");
  expect(text).toContain('"meta":{"type":"x","typeVersion":[0,0],"custom":{"b":1,"a":2},"zeta":1}');
  expect(text).toContain('"config":{"unit":"s","foreign":true}');
});
