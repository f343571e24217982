import { expect, test } from "vitest";
import { parseFieldSelector } from "./field-selector.js";
import { isDnsLabel, isDnsSubdomain, isLabelKey, isLabelValue, parseLabelSelector } from "./label-selector.js";

const labels = { app: "web", tier: "front", "example.com/size": "10" };

test.each([
  ["", true],
  ["app=web", true],
  ["app==web,tier=front", true],
  ["app=db", false],
  ["app!=db", true],
  ["missing!=x", true],
  ["app in (web, db)", true],
  ["app notin (web)", false],
  ["missing notin (web)", true],
  ["missing in (web)", false],
  ["app", true],
  ["!app", false],
  ["!missing", true],
  ["example.com/size>9", true],
  ["example.com/size<9", false],
  ["app>1", false],
  ["app in (web),tier notin (back),!x", true],
  ["app=", false],
])("label selector %j", (text, expected) => {
  expect(parseLabelSelector(text).matches(labels)).toBe(expected);
});

test.each(["a b", "=x", "a in web", "-a=b", "a>x", "a=b=c", "a in (b", "/a=b"])("label selector %j is refused", (text) => {
  expect(() => parseLabelSelector(text)).toThrow("label selector");
});

test("field selectors have paths, both operators and escapes", () => {
  expect(parseFieldSelector("metadata.name=a,spec.x!=b\\,c,y==z\\=")).toEqual([
    { path: "metadata.name", equal: true, value: "a" },
    { path: "spec.x", equal: false, value: "b,c" },
    { path: "y", equal: true, value: "z=" },
  ]);
  expect(parseFieldSelector("")).toEqual([]);
  expect(() => parseFieldSelector("nonsense")).toThrow("invalid field selector");
});

test("names keep their rules", () => {
  expect([isDnsLabel("a-b"), isDnsLabel("a.b"), isDnsLabel("A"), isDnsLabel("a".repeat(64))]).toEqual([true, false, false, false]);
  expect([isDnsSubdomain("v1.a-b.c"), isDnsSubdomain("a..b"), isDnsSubdomain("a-"), isDnsSubdomain("")]).toEqual([true, false, false, false]);
  expect([isLabelKey("a.b/c_d"), isLabelKey("A"), isLabelKey("a/b/c"), isLabelKey("")]).toEqual([true, true, false, false]);
  expect([isLabelValue(""), isLabelValue("x".repeat(63)), isLabelValue("x".repeat(64)), isLabelValue("a b")]).toEqual([true, true, false, false]);
});
