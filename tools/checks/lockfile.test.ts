import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { type Lockfile, lockfileProblems } from "./lockfile.js";

const file = path.resolve(import.meta.dirname, "../../package-lock.json");

test("the lockfile keeps the rules", () => {
  const lock = JSON.parse(readFileSync(file, "utf8")) as Lockfile;
  expect(lockfileProblems(lock)).toEqual([]);
});

test("the lockfile lists the prebuilt binaries of every platform", () => {
  const lock = JSON.parse(readFileSync(file, "utf8")) as Lockfile;
  const names = Object.keys(lock.packages);
  for (const platform of ["linux-x64-gnu", "linux-arm64-gnu", "darwin-arm64", "darwin-x64", "win32-x64-msvc"]) {
    expect(names).toContain(`node_modules/@libsql/${platform}`);
  }
});

test.each([
  ["no integrity", { license: "MIT" }, "no sha512 integrity"],
  ["a forbidden licence", { integrity: "sha512-x", license: "AGPL-3.0-only" }, "AGPL-3.0-only"],
  ["an install script", { integrity: "sha512-x", license: "MIT", hasInstallScript: true }, "install script"],
  ["a host", { integrity: "sha512-x", license: "MIT", resolved: "https://example.org/x.tgz" }, "host"],
])("a planted fault is found: %s", (_what, entry, why) => {
  expect(lockfileProblems({ packages: { "node_modules/x": entry } })).toEqual([expect.stringContaining(why)]);
});
