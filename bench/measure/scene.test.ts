import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { isAlive } from "../../conformance/testing/run-process.js";
import { openScene } from "./scene.js";

test.runIf(process.platform === "linux")("what a benchmark started ends with it, below a parent that is gone too, and its files go", async () => {
  const before = tmpdir();
  const scene = openScene();
  const folder = tmpdir();
  writeFileSync(path.join(folder, "file"), "");
  // eslint-disable-next-line sonarjs/no-os-command-from-path -- of the system.
  const parent = spawn("sh", ["-c", "sleep 60 >&- 2>&- & echo $!"], { stdio: ["ignore", "pipe", "inherit"] });
  const [printed] = (await once(parent.stdout, "data")) as [Buffer];
  await once(parent, "close");
  const orphan = Number(printed.toString());
  expect(isAlive(orphan)).toBe(true);

  await scene.end();

  expect(isAlive(orphan)).toBe(false);
  expect(existsSync(folder)).toBe(false);
  expect(tmpdir()).toBe(before);
});
