import { tableFromIPC, type Vector } from "apache-arrow";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  arrowToStream,
  type Field,
  type Frame,
  FrameError,
  frameCsvPieces,
  frameJsonBatches,
  frameToArrow,
  frameToJson,
  jsonToFrame,
  readArrow,
} from "./index.js";
import { arbitraryFrame } from "./testing/arbitrary-frame.js";
import { readGoldens } from "./testing/goldens.js";

const utf8 = (...pieces: readonly Uint8Array[]): string => Buffer.concat(pieces).toString("utf8");
const csv = (frame: Frame): string => utf8(...frameCsvPieces(readArrow(frameToArrow(frame))));
const goldens = readGoldens().map(({ arrow, json }) => ({ arrow: Buffer.from(arrow, "base64"), json }));

const time = (...values: readonly bigint[]): Field => ({ name: "t", type: "time", nullable: false, values });

test("what Go's SDK wrote is read from its JSON as from its Arrow", () => {
  for (const { arrow, json } of goldens) {
    const again = frameToJson(jsonToFrame(Buffer.from(json)));
    expect(JSON.parse(utf8(again))).toEqual(JSON.parse(json));
    // Blanks around a value of a json field, and how a number of a config is spelled, are no part of it.
    if (!/json\.RawMessage|"config"|"meta"/.test(json)) expect(utf8(again)).toBe(json.replaceAll("\\ufffd", "\ufffd"));
    expect(readArrow(arrow).rows).toBe(jsonToFrame(Buffer.from(json)).fields[0]?.values.length ?? 0);
  }
});

test("any frame comes back from its JSON", () => {
  fc.assert(
    fc.property(arbitraryFrame(20), (frame) => {
      const json = frameToJson(frame);
      expect(utf8(frameToJson(jsonToFrame(json)))).toBe(utf8(json));
    }),
    { numRuns: 500 },
  );
});

const json = (field: object, values: unknown, beside: object = {}): Buffer =>
  Buffer.from(JSON.stringify({ schema: { fields: [{ name: "f", ...field }] }, data: { values: [values], ...beside } }));

test("frames written by hand are read by JavaScript's names of types", () => {
  expect(jsonToFrame(json({ type: "number" }, [1, null])).fields[0]).toMatchObject({ type: "float64", nullable: true, values: [1, null] });
  expect(jsonToFrame(json({ type: "time" }, [1.5])).fields[0]).toMatchObject({ type: "time", values: [1_500_000n] });
  expect(jsonToFrame(json({ type: "number", typeInfo: { frame: "int64" } }, ["9223372036854775807", 7, 1e3])).fields[0]?.values).toEqual([
    2n ** 63n - 1n,
    7n,
    1000n,
  ]);
});

test.each([
  ["no schema", Buffer.from('{"data":{"values":[[1]]}}')],
  ["a type that is none", json({ type: "colour" }, [1])],
  ["a field that is no object", Buffer.from('{"schema":{"fields":[1]}}')],
  ["text in numbers", json({ type: "number" }, ["x"])],
  ["a fraction in int64", json({ typeInfo: { frame: "int64" } }, [1.5])],
  ["an object as a time", json({ type: "time" }, [{}])],
  ["a time that is infinite", Buffer.from('{"schema":{"fields":[{"type":"time"}]},"data":{"values":[[1e999]]}}')],
  ["NaN in the text", Buffer.from('{"schema":{"fields":[]},"data":{"values":[[NaN]]}}')],
  ["null", Buffer.from("null")],
  ["64 MiB and more", Buffer.alloc((64 << 20) + 1, 0x20)],
])("refuses JSON with %s", (_, bytes) => {
  expect(() => jsonToFrame(bytes)).toThrow(FrameError);
});

test("columns of different length are refused when they are written", () => {
  const uneven = Buffer.from('{"schema":{"fields":[{"type":"number"},{"type":"number"}]},"data":{"values":[[1],[1,2]]}}');
  expect(() => frameToArrow(jsonToFrame(uneven))).toThrow(FrameError);
});

test("entities and nanos of rows that are not there change nothing", () => {
  const bytes = json({ type: "number" }, [1], { entities: [{ NaN: [7, -1, "x"], Inf: 3 }], nanos: [[1, 2]] });
  expect(jsonToFrame(bytes).fields[0]?.values).toEqual([1]);
});

test("a file becomes the stream of the same table, and a stream stays one", () => {
  for (const { arrow } of goldens.slice(0, 60)) {
    const { pieces, rows } = arrowToStream(arrow);
    const stream = Buffer.concat(pieces);
    expect(stream.toString("latin1", 0, 6)).not.toBe("ARROW1");
    expect(stream.length).toBeLessThan(arrow.length + 8);
    expect(tableFromIPC(stream).toString()).toBe(tableFromIPC(arrow).toString());
    expect(rows).toBe(readArrow(arrow).rows);
    expect(Buffer.concat(arrowToStream(stream).pieces).equals(stream)).toBe(true);
  }
});

/** A column as another Arrow implementation reads it, by the model's names for values. */
function valuesRead(vector: Vector, { type }: Field): unknown[] {
  return Array.from({ length: vector.length }, (_, row): unknown => {
    // Its own reading of a timestamp is in milliseconds.
    if (type === "time") return vector.isValid(row) ? (vector.data[0]?.values as BigInt64Array)[row] : null;
    const value: unknown = vector.get(row);
    return value instanceof Uint8Array ? Buffer.from(value).toString() : value;
  });
}

/** Text as UTF-8 can say it, singles as they are rounded. */
const canonical = ({ type, values }: Field): unknown[] =>
  values.map((value) =>
    typeof value === "string" ? Buffer.from(value).toString() : type === "float32" && typeof value === "number" ? Math.fround(value) : value,
  );

test.each([
  ["as it was written", (frame: Frame) => frameToArrow(frame)],
  ["by way of JSON", (frame: Frame) => frameToArrow(jsonToFrame(frameToJson(frame)))],
])("another Arrow implementation reads the stream of any frame, %s", (_, write) => {
  fc.assert(
    fc.property(arbitraryFrame(20), (frame) => {
      const table = tableFromIPC(Buffer.concat(arrowToStream(write(frame)).pieces));
      expect(table.schema.fields.map(({ name }) => name)).toEqual(frame.fields.map(({ name }) => Buffer.from(name).toString()));
      expect(table.numRows).toBe(frame.fields[0]?.values.length ?? 0);
      for (const [index, field] of frame.fields.entries()) {
        const vector = table.getChildAt(index) ?? expect.fail("the column is there");
        // In JSON, null and the text null of a json field are one.
        const isNull = (value: unknown): boolean => value === null || (field.type === "json" && field.nullable && value === "null");
        expect(valuesRead(vector, field).map((value) => (isNull(value) ? null : value))).toEqual(
          canonical(field).map((value) => (isNull(value) ? null : value)),
        );
      }
    }),
    { numRuns: 300 },
  );
});

test("CSV has each type as people write it", () => {
  const frame: Frame = {
    fields: [
      time(1_700_000_000_000_000_000n, 1_700_000_000_120_000_001n, -1n),
      { name: "i", type: "int64", nullable: true, values: [2n ** 63n - 1n, null, -(2n ** 63n)] },
      { name: "f", type: "float64", nullable: false, values: [Number.NaN, Number.NEGATIVE_INFINITY, 0.1] },
      { name: "s", type: "string", nullable: true, values: ["", null, 'a "b",\nc'] },
      { name: "b", type: "bool", nullable: false, values: [true, false, true] },
      { name: "j", type: "json", nullable: false, values: ["[1,2]", "{}", "null"] },
    ],
  };
  expect(csv(frame)).toBe(
    [
      "t,i,f,s,b,j",
      '2023-11-14T22:13:20Z,9223372036854775807,NaN,"",true,"[1,2]"',
      "2023-11-14T22:13:20.120000001Z,,-Infinity,,false,{}",
      '1969-12-31T23:59:59.999999999Z,-9223372036854775808,0.1,"a ""b"",\nc",true,null',
      "",
    ].join("\r\n"),
  );
});

test("fields of equal names have their labels in the header", () => {
  const value = (host: string): Field => ({ name: "value", type: "int8", nullable: false, values: [], labels: { host, "a b": "c" } });
  expect(csv({ fields: [time(), value("x"), value('"y"')] })).toBe('t,"value{a b=""c"", host=""x""}","value{a b=""c"", host=""\\""y\\""""}"\r\n');
  expect(csv({ fields: [] })).toBe("");
});

test("times of every age are RFC 3339, and many rows the same as few", () => {
  const at = [
    "1677-09-21T00:12:43.145224192Z",
    "1969-12-31T23:59:59Z",
    "1970-01-01T00:00:00Z",
    "2000-02-29T12:00:00.5Z",
    "2262-04-11T23:47:16.854775807Z",
  ];
  const nanos = at.map((text) => BigInt(Date.parse(text.slice(0, 19) + "Z")) * 1_000_000n + BigInt((/\.(\d+)/.exec(text)?.[1] ?? "").padEnd(9, "0")));
  expect(nanos[0]).toBe(-(2n ** 63n));
  expect(csv({ fields: [time(...nanos)] })).toBe(["t", ...at, ""].join("\r\n"));
  const many = Array.from({ length: 10_000 }, (_, row) => (row % 3 === 0 ? null : `${row === 7000 ? "é" : ""}${row}`));
  expect(csv({ fields: [{ name: "s", type: "string", nullable: true, values: many }] })).toBe(
    `s\r\n${many.map((text) => `${text ?? '""'}\r\n`).join("")}`,
  );
});

test("a null of the only field is no empty line", () => {
  expect(csv({ fields: [{ name: "s", type: "string", nullable: true, values: [null, "x"] }] })).toBe('s\r\n""\r\nx\r\n');
});

/** RFC 4180, strictly. */
function parseCsv(text: string): (string | undefined)[][] {
  const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/y;
  const lines: (string | undefined)[][] = [];
  const line: (string | undefined)[] = [];
  while (cell.lastIndex < text.length) {
    const found = cell.exec(text);
    if (found === null) throw new Error("no CSV");
    line.push(found[1]?.replaceAll('""', '"') ?? (found[2] === "" ? undefined : found[2]));
    if (found[3] === "\r\n") lines.push(line.splice(0));
  }
  return lines;
}

test("any frame's CSV reads back to its values", () => {
  fc.assert(
    fc.property(arbitraryFrame(20), (frame) => {
      if (frame.fields.length < 2) return;
      const [head, ...lines] = parseCsv(csv(frame));
      expect(head).toHaveLength(frame.fields.length);
      expect(lines).toHaveLength(frame.fields[0]?.values.length ?? 0);
      for (const [column, { type, values }] of frame.fields.entries()) {
        for (const [row, value] of values.entries()) {
          const got = lines[row]?.[column];
          if (value === null) expect(got).toBeUndefined();
          else if (type === "time") expect(got).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,8}[1-9])?Z$/);
          else if (type === "float64" || type === "float32")
            expect(Object.is(type === "float32" ? Math.fround(Number(got)) : Number(got), value)).toBe(true);
          else expect(got).toBe(Buffer.from(String(value)).toString());
        }
      }
    }),
    { numRuns: 500 },
  );
});

test("batches hold the frame's rows in order, the first one with its schema", () => {
  const rows = Array.from({ length: 100 }, (_, row) => row);
  const frame: Frame = {
    name: "n",
    fields: [
      time(...rows.map((row) => BigInt(row) * 1_000_001n)),
      { name: "v", type: "float64", nullable: true, values: rows.map((row) => (row % 9 === 0 ? Number.NaN : row % 7 === 0 ? null : row)) },
    ],
  };
  const arrow = frameToArrow(frame);
  for (const size of [1, 8, 30, 96, 1000]) {
    const batches = [...frameJsonBatches(readArrow(arrow), size)].map(({ rows: count, pieces }) => {
      const parsed = JSON.parse(utf8(...pieces)) as {
        schema?: object;
        data: { values: number[][]; entities?: ({ NaN?: number[] } | null)[]; nanos?: (number[] | null)[] };
      };
      expect(parsed.data.values[0]).toHaveLength(count);
      return { count, ...parsed };
    });
    expect(batches.map(({ schema }) => schema !== undefined)).toEqual(batches.map((_, index) => index === 0));
    expect(batches.reduce((sum, { count }) => sum + count, 0)).toBe(100);
    let first = 0;
    for (const { count, data } of batches) {
      expect(data.values[0]).toEqual(rows.slice(first, first + count).map((row) => row));
      expect(data.entities?.[1]?.NaN ?? []).toEqual(
        rows
          .slice(first, first + count)
          .filter((row) => row % 9 === 0)
          .map((row) => row - first),
      );
      const nanos = data.nanos?.[0] ?? Array.from({ length: count }, () => 0);
      expect(nanos).toEqual(rows.slice(first, first + count));
      first += count;
    }
  }
  expect([...frameJsonBatches(readArrow(frameToArrow({ fields: [] })), 8)].map(({ pieces }) => utf8(...pieces))).toEqual([
    '{"schema":{"fields":[]},"data":{"values":[]}}',
  ]);
  expect([...frameJsonBatches(readArrow(frameToArrow({ fields: [] })), 8, { withSchema: false })].map(({ pieces }) => utf8(...pieces))).toEqual([
    '{"data":{"values":[]}}',
  ]);
});
