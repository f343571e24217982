import { expect, test } from "vitest";
import { badRequest } from "./api-error.js";
import { parseFieldSelector } from "./field-selector.js";
import { parseLabelSelector } from "./label-selector.js";
import { isDnsLabel, isDnsSubdomain, isLabelKey, isLabelValue } from "./names.js";

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

// As k8s.io/apimachinery words them.
test.each([
  ["tier in", "unable to parse requirement: found '' expected: '('"],
  ["a in web", "unable to parse requirement: found 'web' expected: '('"],
  ["a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
  ["=x", "found '=', expected: !, identifier, or 'end of string'"],
  ["!", "unable to parse requirement: found '', expected: identifier"],
  ["a,", "found '', expected: identifier after ','"],
  ["a=b=c", "found '=', expected: ',' or 'end of string'"],
  ["a==>b", "unable to parse requirement: found '>', expected: identifier"],
  ["a in (", "unable to parse requirement: found '', expected: ',', ')' or identifier"],
  ["a in (b", "unable to parse requirement: found '', expected: ',' or ')'"],
  ["a in (b c)", "unable to parse requirement: found 'c', expected: ',' or ')'"],
  ["a in (b,=)", "unable to parse requirement: found '=', expected: ',', or identifier"],
  ["a>x", "unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', 'Lt' operators, the value must be an integer"],
  ["/a=b", 'unable to parse requirement: <nil>: Invalid value: "/a": prefix part must be non-empty'],
])("label selector %j is refused: %s", (text, words) => {
  expect(() => parseLabelSelector(text)).toThrow(badRequest(words));
});

test("a value that is none is named with its place and key", () => {
  expect(() => parseLabelSelector("a in (b,-c)")).toThrow('unable to parse requirement: values[0][a]: Invalid value: "-c": a valid label must be');
});

test.each([
  ["app in (web,,db)", true],
  ["none in ()", false],
  ["in=x", false],
  ["app in (in,web)", true],
  ["app in ( web )", true],
  ["example.com/size>99999999999999999999", undefined],
  ["example.com/size<9223372036854775807", true],
])("label selector %j has the corners of its grammar: %s", (text, expected) => {
  if (expected === undefined) expect(() => parseLabelSelector(text)).toThrow("must be an integer");
  else expect(parseLabelSelector(text).matches(labels)).toBe(expected);
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
