import { expect, test } from "vitest";
import { arrowToJson, arrowToJsonChunks, scanJsonFrame } from "./index.js";
import { readGoldens } from "./testing/goldens.js";

const goldens = readGoldens();

test("the golden file has its frames", () => {
  expect(goldens.length).toBeGreaterThan(300);
});

test.each(goldens)("prints what Go's SDK prints: $title", ({ arrow, json }) => {
  const bytes = Buffer.from(arrow, "base64");
  const printed = arrowToJson(bytes);
  expect(Buffer.from(printed.json).toString("utf8")).toBe(json);
  expect(Buffer.concat([...arrowToJsonChunks(bytes)]).equals(printed.json)).toBe(true);
  expect(scanJsonFrame(printed.json).rows).toBe(printed.rows);
});
