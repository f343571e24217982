import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, expect, test } from "vitest";
import { type DiskCampaign, runFaultCampaign, runPowerCampaign } from "../testing/disk-campaign.js";
import { buildFaultyDisk, type DiskFault } from "../testing/faulty-disk.js";
import { defaultDriver } from "./sqlite-driver.js";

const folder = mkdtempSync(join(tmpdir(), "dataplane-faulty-"));
afterAll(() => rmSync(folder, { recursive: true }));
const library = buildFaultyDisk(folder);
const loader = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
const rounds = Number(process.env["DATAPLANE_DISK_FAULTS"] ?? 3);
const crashes = Number(process.env["DATAPLANE_POWER_FAILURES"] ?? 4);

const campaign = (name: string): DiskCampaign => ({
  path: join(folder, `${name}.db`),
  driver: defaultDriver(),
  library: library ?? "",
  execArgv: ["--conditions=source", "--import", loader],
});

const faults: readonly DiskFault[] = ["EIO on writes", "ENOSPC on writes", "EROFS on writes", "EIO on syncs", "short writes", "torn writes"];

for (const fault of faults) {
  test.skipIf(library === undefined)(`${fault}: nothing succeeds in silence, and the store recovers by itself`, { timeout: 600_000 }, async () => {
    const report = await runFaultCampaign(campaign(fault.replaceAll(" ", "-")), fault, rounds);
    expect(report.violations).toEqual([]);
    expect(report.refused).toBeGreaterThan(rounds);
    expect(report.written).toBeGreaterThan(20 * rounds);
  });
}

for (const loss of [100, 50]) {
  test.skipIf(library === undefined)(
    `when the power fails and ${String(loss)} of 100 blocks that were not synced are lost, no acknowledged write is`,
    { timeout: 1_200_000 },
    async () => {
      const report = await runPowerCampaign(campaign(`power-${String(loss)}`), loss, crashes);
      expect(report.violations).toEqual([]);
      expect(report.written).toBeGreaterThan(5 * crashes);
    },
  );
}
