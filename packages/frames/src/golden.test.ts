import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { arrowToJson } from "./index.js";

interface Golden {
  readonly title: string;
  readonly arrow: string;
  readonly json: string;
}

function isGolden(value: unknown): value is Golden {
  return typeof value === "object" && value !== null && "title" in value && "arrow" in value && "json" in value;
}

const file = gunzipSync(readFileSync(new URL("../golden/frames.golden.gz", import.meta.url))).toString("utf8");
const goldens = file
  .trimEnd()
  .split("\n")
  .map((line): unknown => JSON.parse(line))
  .filter(isGolden);

test("the golden file has its frames", () => {
  expect(goldens.length).toBeGreaterThan(300);
});

test.each(goldens)("prints what Go's SDK prints: $title", ({ arrow, json }) => {
  const printed = Buffer.from(arrowToJson(Buffer.from(arrow, "base64")).json).toString("utf8");
  expect(printed).toBe(json);
});
