import { expect, test } from "vitest";
import { runBodyFuzz } from "./body-fuzz-campaign.js";

test("ten thousand broken requests are answered by a Status each, and neither crash, hang, pollute nor cost memory", async () => {
  const { rounds, faults, outcomes } = await runBodyFuzz(10_000, 1);
  expect(faults).toEqual([]);
  expect(rounds).toBe(10_000);
  // All that there is to break is reached, in vain and not.
  for (const what of ["create 201", "update 200", "JSON patch 200", "apply 200", "strategic patch 200", "definition 201", "rules 200", "yaml 201"]) {
    expect(outcomes.get(what) ?? 0, what).toBeGreaterThan(0);
  }
}, 300_000);
