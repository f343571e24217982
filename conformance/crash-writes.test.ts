import { expect, test } from "vitest";
import { runCrashCampaign } from "./crash-writes.js";

test("a server killed while objects are written loses no acknowledged write and uses no revision twice", { timeout: 300_000 }, async () => {
  const { lost, reused, acknowledged } = await runCrashCampaign(10);
  expect(lost).toEqual([]);
  expect(reused).toEqual([]);
  expect(acknowledged).toBeGreaterThan(100);
});
