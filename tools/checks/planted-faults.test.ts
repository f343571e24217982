import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { ESLint } from "eslint";
import { expect, test } from "vitest";

const root = path.resolve(import.meta.dirname, "../..");

/** Type-aware rules need a file that a project knows: a real one, whose text is replaced. */
const file = path.join(root, "packages/meta/src/clock.ts");

const lint = async (text: string): Promise<readonly (string | null)[]> => {
  const [result] = await new ESLint({ cwd: root }).lintText(text, { filePath: file });
  return (result?.messages ?? []).map(({ ruleId }) => ruleId);
};

test.each([
  ["security/detect-eval-with-expression", "export const f = (text: string): unknown => eval(text);\n"],
  ["security/detect-child-process", 'import { exec } from "node:child_process";\nexport const f = (text: string): void => void exec(text);\n'],
  ["sonarjs/slow-regex", "export const f = (text: string): boolean => /(a+)+b/.test(text);\n"],
  [
    "sonarjs/no-identical-conditions",
    "export const f = (a: number): number => {\n  if (a === 1) return 1;\n  else if (a === 1) return 2;\n  return 3;\n};\n",
  ],
  ["@typescript-eslint/no-floating-promises", "export const f = (): void => {\n  Promise.reject(new Error());\n};\n"],
  ["@typescript-eslint/no-non-null-assertion", "export const f = (a: string | undefined): string => a!;\n"],
  ["@typescript-eslint/no-explicit-any", "export const f = (a: any): string => String(a);\n"],
])("the linter finds a planted %s", { timeout: 60_000 }, async (rule, text) => {
  expect(await lint(text)).toContain(rule);
});

const folder = mkdtempSync(path.join(tmpdir(), "planted-"));
// The one that the machine has.
// eslint-disable-next-line sonarjs/no-os-command-from-path
const hasShellcheck = spawnSync("shellcheck", ["--version"]).error === undefined;

test.skipIf(!hasShellcheck)("shellcheck finds a planted fault (needs shellcheck)", () => {
  const script = path.join(folder, "fault.sh");
  writeFileSync(script, "#!/usr/bin/env bash\nrm -rf $1/*\n");
  // eslint-disable-next-line sonarjs/no-os-command-from-path
  const { status, stdout } = spawnSync("shellcheck", [script], { encoding: "utf8" });
  expect(status).not.toBe(0);
  expect(stdout).toContain("SC2086");
});

test("the formatter finds a planted fault", () => {
  const planted = path.join(root, "tools/checks/planted.tmp.ts");
  writeFileSync(planted, "export const   a = 'x'\n");
  try {
    const { status } = spawnSync(process.execPath, [path.join(root, "node_modules/@biomejs/biome/bin/biome"), "check", planted], { cwd: root });
    expect(status).not.toBe(0);
  } finally {
    rmSync(planted);
  }
});

test("the compiler finds a planted fault", () => {
  writeFileSync(path.join(folder, "fault.ts"), "const a: readonly number[] = [];\nexport const b: number = a[0];\n");
  const config = { extends: path.join(root, "tsconfig.base.json"), compilerOptions: { noEmit: true, types: [] }, files: ["fault.ts"] };
  writeFileSync(path.join(folder, "tsconfig.json"), JSON.stringify(config));
  const { status, stdout } = spawnSync(process.execPath, [path.join(root, "node_modules/typescript/bin/tsc"), "-p", folder], { encoding: "utf8" });
  expect(status).not.toBe(0);
  expect(stdout).toContain("TS2322");
});
