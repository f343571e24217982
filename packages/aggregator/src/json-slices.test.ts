import { expect, test } from "vitest";
import { sliceArrayMember } from "./json-slices.js";

test.each([
  ['{"q":[]}', []],
  ['{ "q" : [ {"a":1} , "b,]" ,3,[4,[5]], null ] , "z":1}', ['{"a":1}', '"b,]"', "3", "[4,[5]]", "null"]],
  ['{"x":{"q":[1]},"q":[2],"y":"\\"q\\":[3]"}', ["2"]],
  ['{"q":[1],"q":[2]}', ["2"]],
  ['{"\\u0071":[12345678901234567890]}', ["12345678901234567890"]],
  ['{"q":[{"s":"\\\\"},{"t":"}]{["}]}', ['{"s":"\\\\"}', '{"t":"}]{["}']],
  ['{"a":1}', []],
  ["{}", []],
])("finds the elements of %s", (text, expected) => {
  expect(sliceArrayMember(text, "q")).toEqual(expected);
  expect(JSON.parse(`[${sliceArrayMember(text, "q").join(",")}]`)).toEqual((JSON.parse(text) as { q?: unknown }).q ?? []);
});
