import { expect, test } from "vitest";
import { scanJson } from "./scan-json.js";

test("keys that stand twice are told by their path", () => {
  expect(scanJson('{"a":{"b":1,"\\u0062":2},"c":[{"d":1},{"d":1,"d":2}]}')).toEqual({ duplicates: ["a.b", "c[1].d"], errorAt: undefined });
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
