import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sicknesses } from "./sick-backends/sick-backend.js";
import { openSickBed, type SickBed } from "./sick-backends/sick-bed.js";
import { sickRound } from "./sick-backends/sick-round.js";

describe("an APIService whose server is unwell", () => {
  let bed: SickBed;
  beforeAll(async () => {
    bed = await openSickBed();
  });
  afterAll(() => bed.close());

  test.each(sicknesses)(
    "%s: it is unavailable, nobody else feels it, and it is back by itself",
    async (sickness) => {
      const round = await sickRound(sickness, { ...bed, reads: 100 });
      expect(round.own).toBe(503);
      // Whoever asked it for its documents would wait for 5 s. How soon it is noticed and back, the campaign says.
      expect(round.discovery).toBeLessThan(2_500);
    },
    60_000,
  );
});
