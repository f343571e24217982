import { expect, test } from "vitest";
import { runFuzzCampaign } from "./answer-fuzz-campaign.js";

test("ten thousand broken answers neither crash nor hang the host, end untyped, nor cost it memory", async () => {
  const { rounds, targets } = await runFuzzCampaign(10_000, 1);
  expect(targets.flatMap(({ faults }) => faults)).toEqual([]);
  expect(rounds).toBeGreaterThanOrEqual(10_000);
  for (const { name, outcomes } of targets) expect(outcomes.size, name).toBeGreaterThan(0);
}, 300_000);
