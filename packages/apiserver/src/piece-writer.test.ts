import { expect, test } from "vitest";
import { PieceWriter } from "./piece-writer.js";

test("what is written comes out in order, in few pieces, whatever its size", () => {
  const out = new PieceWriter();
  const texts = ["a", "é€😀", "b".repeat(300_000), "", "c"];
  for (let round = 0; round < 3; round++) {
    for (const text of texts) out.text(text);
    out.ascii("[1]");
    out.bytes(new TextEncoder().encode("x".repeat(100_000)));
  }
  const pieces = out.done();
  expect(Buffer.concat(pieces).toString()).toBe(`${texts.join("")}[1]${"x".repeat(100_000)}`.repeat(3));
  expect(pieces.length).toBeLessThan(10);
});

test("nothing written is no piece", () => {
  expect(new PieceWriter().done()).toEqual([]);
});
