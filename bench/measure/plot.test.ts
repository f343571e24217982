import { expect, test } from "vitest";
import { svgOf } from "./plot.js";

test("a plot shows each size, each curve, and its words as they are", () => {
  const points = [1, 10, 100].map((x) => ({ x, y: x }));
  const svg = svgOf([{ title: "a < b & c", x: "services", y: "ms", curves: ["one", "two"].map((name) => ({ name, points })) }]);
  expect(svg).toContain("a &lt; b &amp; c");
  expect(svg.match(/<circle/g)).toHaveLength(6);
  for (const word of [">100</text>", ">one</text>", ">two</text>", ">services</text>"]) expect(svg).toContain(word);
  expect(svg).not.toMatch(/NaN|undefined/);
});
