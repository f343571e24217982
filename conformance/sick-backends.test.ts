import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sicknesses } from "./sick-backends/sick-backend.js";
import { openSickBed, type SickBed } from "./sick-backends/sick-bed.js";
import { sickRound } from "./sick-backends/sick-round.js";

describe("an APIService whose server is unwell", () => {
  let bed: SickBed;
  beforeAll(async () => {
    bed = await openSickBed();
  }, 60_000);
  afterAll(() => bed.close());

  test.each(sicknesses)(
    "%s: it is unavailable, nobody else feels it, and it is back within 5 s",
    async (sickness) => {
      const round = await sickRound(sickness, { ...bed, reads: 100 });
      expect(round.own).toBe(503);
      expect(round.discovery).toBeLessThan(1_000);
      expect(round.noticed).toBeLessThan(12_000);
      expect(round.healed).toBeLessThan(6_000);
    },
    60_000,
  );
});
