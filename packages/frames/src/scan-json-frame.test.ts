import fc from "fast-check";
import { expect, test } from "vitest";
import { FrameError, scanJsonFrame, scanJsonFrameInTurns } from "./index.js";
import { scanByTypeScript } from "./scan-json-frame.js";

/** By both twins, which must agree. */
function scan(text: string): number {
  const bytes = Buffer.from(text);
  let twin: number | undefined;
  try {
    twin = scanByTypeScript(bytes);
  } catch (error) {
    expect(error).toBeInstanceOf(FrameError);
    expect(() => scanJsonFrame(bytes)).toThrow(FrameError);
    throw error;
  }
  expect(scanJsonFrame(bytes).rows).toBe(twin);
  return twin;
}

test.each([
  ["{}", 0],
  ['{"schema":{"fields":[]},"data":{"values":[]}}', 0],
  ['{"data":{"values":[[]]}}', 0],
  ['{"data":{"values":[[1,"]",[2],{"a":[]},null],[1]]}}', 5],
  ['{"data":{"values":[[1,2 ,"a,]b",-3e5,0.25,[4],12345678901234567,"",1234567890123456,null,-0]]}}', 11],
  [' { "data" : { "values" : [ [ 1 , 2 ] ] } } ', 2],
  ['{"x":{"values":[[1]]},"data":{"x":{"values":[[1]]},"values":[1,[2,3]]}}', 0],
  ['{"data":{"values":[[1,2,3]],"nanos":[[0,0,1]],"entities":[null]},"schema":{}}', 3],
])("counts the rows of the first column: %s", (text, rows) => {
  expect(scan(text)).toBe(rows);
});

test.each([
  "",
  "[]",
  "1",
  "{",
  '{"a"}',
  '{"a":1,}',
  "{} x",
  '{"a":01}',
  '{"a":1.}',
  '{"a":-}',
  '{"a":+1}',
  '{"a":"\\x"}',
  '{"a":"\\u12g4"}',
  '{"a":"\n"}',
  '{"a":tru}',
  '{"a":NaN}',
  "{a:1}",
  '{"a":[1 2]}',
  '{"a":[1,]}',
  '{"a":[1,2.]}',
  '{"a":[1,-]}',
  '{"a":[1,2e]}',
  '{"a":[1,2e+,3]}',
  '{"a":[1,00]}',
  '{"a":[1.5,12345678901234567x]}',
  '{"a":["b","c]}',
  '{"a":1,2}',
  '{"a":}',
  '{"a":"',
  "\ufeff{}",
])("refuses what is not one JSON object: %j", (text) => {
  expect(() => scan(text)).toThrow(FrameError);
});

test("refuses bytes that are not UTF-8", () => {
  expect(() => scanJsonFrame(Buffer.from('{"a":"\xff"}', "latin1"))).toThrow(FrameError);
});

test("refuses nesting without end and does not overflow the stack", () => {
  expect(() => scan(`{"a":${"[".repeat(1_000_000)}`)).toThrow(FrameError);
});

test("agrees with JSON.parse on mutated JSON", () => {
  const source = fc.json({ maxDepth: 4 }).map((json) => `{"data":{"values":[[${json}, -1.5e+3 ,"\\ud800"]]}}`);
  fc.assert(
    fc.property(
      source,
      fc.nat(),
      fc.constantFrom("", "{", "}", "[", "]", ",", '"', ":", "0", "-", "e", ".", "\\", " ", "u", "\t"),
      (text, seed, insert) => {
        const at = seed % text.length;
        const mutated = text.slice(0, at) + insert + text.slice(at + (seed % 2));
        let valid = true;
        try {
          JSON.parse(mutated);
        } catch {
          valid = false;
        }
        if (valid) expect(() => scan(mutated)).not.toThrow();
        else expect(() => scan(mutated)).toThrow(FrameError);
      },
    ),
    { numRuns: 2000 },
  );
});

test("a large frame is scanned in turns, with the same end", async () => {
  const large = (end: string): Buffer => Buffer.from(`{"data":{"values":[[${"1,".repeat(9_000_000)}1]${end}`);
  let turns = 0;
  const turn = (): Promise<void> => {
    turns++;
    return Promise.resolve();
  };
  expect(await scanJsonFrameInTurns(large("]}}"), turn)).toEqual({ rows: 9_000_001 });
  expect(turns).toBeGreaterThan(10);
  await expect(scanJsonFrameInTurns(large("]}"), turn)).rejects.toThrow(FrameError);
  await expect(scanJsonFrameInTurns(large("]}}}"), turn)).rejects.toThrow(FrameError);
  await expect(scanJsonFrameInTurns(Buffer.alloc(17 << 20, 0xff), turn)).rejects.toThrow("UTF-8");
  expect(await scanJsonFrameInTurns(Buffer.from('{"data":{"values":[[1,2]]}}'), turn)).toEqual({ rows: 2 });
});
