import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readProcFile } from "./proc-file.js";

test.runIf(process.platform === "linux")("what it reads of the kernel is all that is there, also where that is long", () => {
  expect(readProcFile("/proc/self/cmdline").toString()).toBe(readFileSync("/proc/self/cmdline", "utf8"));
  const maps = readProcFile("/proc/self/maps").toString();
  expect(maps.length).toBeGreaterThan(4096);
  expect(maps).toMatch(/\[stack\]\n[^]*$/);
  expect(readProcFile("/proc/self/stat").toString()).toMatch(/^\d+ \(.*\) R .*\n$/);
});

test.runIf(process.platform === "linux")("a process that is gone has no files", () => {
  expect(() => readProcFile("/proc/0/stat")).toThrow("ENOENT");
});
