import path from "node:path";
import { expect, test } from "vitest";
import { findSecrets, scanRepository } from "./secrets.js";

test("no file and no commit holds a secret", { timeout: 60_000 }, () => {
  expect(scanRepository(path.resolve(import.meta.dirname, "../.."))).toEqual([]);
});

test.each([
  ["private key", `-----BEGIN PRIVATE KEY-----\n${"MIGH".repeat(8)}`],
  ["JSON web token", `eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhZG1pbiJ9.${"a".repeat(40)}`],
  ["cloud access key", `AKIA${"A".repeat(16)}`],
  ["Grafana token", `glsa_${"x".repeat(32)}`],
  ["GitHub token", `ghp_${"x".repeat(36)}`],
])("a planted %s is found", (what, text) => {
  expect(findSecrets("src/a.ts", `const x = "${text}";`)).toEqual([{ where: "src/a.ts", what }]);
});
