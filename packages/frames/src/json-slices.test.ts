import fc from "fast-check";
import { expect, test } from "vitest";
import { elementsOf, membersOf } from "./json-slices.js";

const sliceArrayMember = (text: string, key: string): readonly string[] => elementsOf(membersOf(text).get(key) ?? "");

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

test.each(["", "1", "[]", '"{}"', "null"])("finds no members in %j", (text) => {
  expect([...membersOf(text)]).toEqual([]);
});

test.each(["", "1", "{}", '"[1]"', "null"])("finds no elements in %j", (text) => {
  expect(elementsOf(text)).toEqual([]);
});

test("any JSON is cut into its parts, however it is spaced", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 3 }), fc.constantFrom("", " ", "\t\n"), (value, space) => {
      const text = `${space}${JSON.stringify(value, null, space)}${space}`;
      if (Array.isArray(value)) expect(elementsOf(text).map((part) => JSON.parse(part) as unknown)).toEqual(JSON.parse(text));
      else if (typeof value === "object" && value !== null) {
        const parsed = JSON.parse(text) as object;
        expect([...membersOf(text)].map(([key, part]) => [key, JSON.parse(part) as unknown])).toEqual(expect.arrayContaining(Object.entries(parsed)));
      } else expect([elementsOf(text), membersOf(text).size]).toEqual([[], 0]);
    }),
    { numRuns: 2000 },
  );
});
