import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { defaultDriver } from "./dialects/sqlite-driver.js";
import { runCrashCampaign } from "./testing/crash-campaign.js";

test("a process that is killed while it writes loses no acknowledged write and uses no revision twice", { timeout: 180_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), "dataplane-crash-"));
  try {
    const loader = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
    const execArgv = ["--conditions=source", "--import", loader];
    const report = await runCrashCampaign({ path: join(folder, "store.db"), driver: defaultDriver(), runs: 10, execArgv });
    expect(report.kills).toBe(10);
    expect(report.acknowledged).toBeGreaterThan(100);
    expect(report.lost).toEqual([]);
    expect(report.reused).toEqual([]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
