import { expect, test } from "vitest";
import { objectEnd } from "./object-end.js";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test.each(['{"name":"a"}', '{"labels":{"a":"}"},"annotations":{"b":"{\\"}{\\\\"}}', '{"a":[{"b":{}},{"c":"é}"}],"d":"\\\\"}'])(
  "the end of %s is behind its own brace",
  (object) => {
    expect(objectEnd(bytes(`{"metadata":${object},"spec":{"e":"}"}}`), 12)).toBe(12 + bytes(object).byteLength);
  },
);

test("what does not end is an error, and no endless search", () => {
  expect(() => objectEnd(bytes('{"a":{}'), 0)).toThrow("no end");
  expect(() => objectEnd(bytes('{"a":"\\'), 0)).toThrow("no end");
});
