import { expect, test } from "vitest";
import { parseYamlBody } from "./yaml-body.js";

test("YAML becomes what JSON can say, and JSON under its type is read as JSON", async () => {
  expect((await parseYamlBody("metadata: {name: a}\nspec: [1, x, null]\n")).value).toEqual({ metadata: { name: "a" }, spec: [1, "x", null] });
  expect((await parseYamlBody(' {"a":{"b":[1.5]}}')).value).toEqual({ a: { b: [1.5] } });
  expect((await parseYamlBody("{a: {b: 1}}")).value).toEqual({ a: { b: 1 } });
});

test("keys that stand twice are told with their path, in both notations", async () => {
  expect(await parseYamlBody("spec:\n  items:\n  - a: 1\n    a: 2\n")).toEqual({
    value: { spec: { items: [{ a: 2 }] } },
    duplicates: [{ path: "spec.items[0].a", key: "a", line: 4, isYaml: true }],
  });
  expect((await parseYamlBody('{"a":1,"a":2}')).duplicates).toEqual([{ path: "a", key: "a", line: 1, isYaml: false }]);
});

test("a map of very many keys is read in time that grows with its length", async () => {
  const text = Array.from({ length: 30_000 }, (_, index) => `k${String(index)}: 1`).join("\n");
  const start = process.cpuUsage();
  const { value } = await parseYamlBody(text);
  expect(Object.keys(value as object)).toHaveLength(30_000);
  // Comparing all pairs takes half a minute.
  expect(process.cpuUsage(start).user / 1_000).toBeLessThan(10_000);
});

test.each([
  [
    "aliases that multiply",
    `a: &a [x,x,x]\n${"b c d e f g h i"
      .split(" ")
      .map(
        (it, at) =>
          `${it}: &${it} [${Array(9)
            .fill(`*${"abcdefghi".charAt(at)}`)
            .join()}]`,
      )
      .join("\n")}`,
    /aliases/,
  ],
  ["very deep nesting", `a: ${"[".repeat(20_000)}`, /nested deeper/],
  ["a list as a key", "? [a]\n: b", /a key is no scalar at line 1/],
  ["a map as a key by its alias", "a: &a {x: 1}\n*a : b", /a key is no scalar at line 2/],
  ["a mistake", "a: [1,\nb: }", /not valid YAML: \S+ at line 2/],
])("%s is refused", async (_what, text, message) => {
  await expect(parseYamlBody(text)).rejects.toThrow(message);
});

test.each([
  ["open lists", "[".repeat(1_000_000), 400],
  ["open maps", "{a: ".repeat(500_000), 400],
  ["dashes", "- ".repeat(1_000_000), 400],
  ["question marks", "? ".repeat(1_000), 400],
  ["question marks few enough", `${"? ".repeat(100)}x`, 400],
  ["indents", Array.from({ length: 1_500 }, (_, level) => `${" ".repeat(level)}a:`).join("\n"), 400],
  ["very many parts", `[${"a,".repeat(1_000_000)}a]`, 413],
])("%s that would hold or end the process are refused at once", async (_, text, code) => {
  const start = process.cpuUsage();
  await expect(parseYamlBody(text)).rejects.toMatchObject({ code });
  expect(process.cpuUsage(start).user / 1_000).toBeLessThan(4_000);
});
