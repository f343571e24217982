import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { brokenRules, importTable, readImports } from "./import-rules.js";

const root = path.resolve(import.meta.dirname, "../..");

test("no source file breaks the import rules", () => {
  expect(brokenRules(readImports(root))).toEqual([]);
});

test("every package that is imported is declared", () => {
  const seen = new Set(readImports(root).map(({ from, specifier }) => `${from} ${specifier.split("/").slice(0, 2).join("/")}`));
  const folders = [...new Set(readImports(root).map(({ from }) => from))];
  const undeclared = folders.flatMap((from) => {
    const manifest: unknown = JSON.parse(readFileSync(path.join(root, from, "package.json"), "utf8"));
    const { name, dependencies: shipped, devDependencies } = manifest as { name: string; dependencies?: object; devDependencies?: object };
    const dependencies = [name, ...Object.keys({ ...shipped, ...devDependencies })];
    return [...seen]
      .filter((it) => it.startsWith(`${from} @dataplane/`))
      .flatMap((it) => (dependencies.includes(it.split(" ")[1] ?? "") ? [] : [it]));
  });
  expect(undeclared).toEqual([]);
});

test.each([
  ["packages/meta/src/a.ts", "@dataplane/storage", "level 0 may not import level 1"],
  ["packages/aggregator/src/a.ts", "@dataplane/kube-aggregator", "level 4 may not import level 4"],
  ["packages/aggregator/src/a.ts", "../../meta/src/x.js", "by its name"],
  ["packages/plugin-sdk/src/a.ts", "@dataplane/meta", "may only import plugin-protocol, frames"],
  ["plugins/prometheus/src/a.ts", "@dataplane/frames", "plugin-sdk-app alone"],
])("a planted fault is found: %s imports %s", (file, specifier, why) => {
  const from = file.split("/").slice(0, 2).join("/");
  expect(brokenRules([{ from, file, specifier }])).toEqual([expect.stringContaining(why)]);
});

test("the table in ARCHITECTURE.md is this one", () => {
  expect(readFileSync(path.join(root, "ARCHITECTURE.md"), "utf8")).toContain(importTable());
});
