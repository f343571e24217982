import { expect, test } from "vitest";
import { scanJson } from "./scan-json.js";

test("keys that stand twice are told by their path and line, the first hundred of them", () => {
  const { duplicates, errorAt } = scanJson('{"a":{"b":1,\n"\\u0062":2},"c":[{"d":1},\n\n{"d":1,"d":2}]}');
  expect([errorAt, ...duplicates.map(({ path, key, line }) => `${line} ${path} ${key}`)]).toEqual([undefined, "2 a.b b", "4 c[1].d d"]);
  expect(scanJson(`{${Array(1_000).fill('"a":1').join()}}`).duplicates).toHaveLength(100);
});

test.each([
  ['{"a":}', 5],
  ['{"a":1', 6],
  ["[1,]", 3],
  ['"a', 2],
  ["01", 0],
  ["{} x", 3],
  ["", 0],
  ["1.", 0],
])("%s is no JSON from offset %i on", (text, at) => {
  expect(scanJson(text).errorAt).toBe(at);
});

test.each(["0", "-1.5e+3", '"\\n"', "[]", "{}", " [ true , null ] "])("%s is JSON", (text) => {
  expect(scanJson(text).errorAt).toBeUndefined();
});
