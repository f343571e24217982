import { expect, test } from "vitest";
import { checkKey, compareKeys, prefixEnd } from "./key.js";

const texts = ["", "/", "/a", "/a/b", "/ab", "/é", "/\ud7ff", "/\ue000", "/\uffff", "/\u{10000}", "/\u{1f600}", "/\u{10ffff}", "/\u{10ffff}a"];

test("keys compare as their bytes in UTF-8 do", () => {
  for (const left of texts) {
    for (const right of texts) expect(Math.sign(compareKeys(left, right))).toBe(Buffer.compare(Buffer.from(left), Buffer.from(right)));
  }
});

test("the end of a prefix is above all that begins with it, and at or below all that is above these", () => {
  for (const prefix of texts) {
    const end = prefixEnd(prefix);
    for (const key of texts) {
      const below = end === undefined || compareKeys(key, end) < 0;
      expect(below && compareKeys(key, prefix) >= 0).toBe(key.startsWith(prefix));
    }
  }
});

test("only the empty prefix and one of last code points have no end", () => {
  expect(prefixEnd("")).toBeUndefined();
  expect(prefixEnd("\u{10ffff}")).toBeUndefined();
  expect(prefixEnd("/\u{10ffff}")).toBe("0");
});

test.each(["", "a", "/a\0b", "/\ud800"])("%j is no key", (key) => {
  expect(() => checkKey(key)).toThrow(RangeError);
});
