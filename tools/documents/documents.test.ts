import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { readDocument } from "./read-document.js";

const root = path.dirname(path.dirname(import.meta.dirname));
const documents = [
  ...["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"],
  ...readdirSync(path.join(root, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];
const claimsOf = (file: string): ReturnType<typeof readDocument> => readDocument(file, readFileSync(path.join(root, file), "utf8"));

test.each(documents)("every file that %s names is there", (file) => {
  expect(claimsOf(file).paths.filter((it) => !existsSync(path.join(root, it)))).toEqual([]);
});

test("the architecture names the file of each part", () => {
  expect(claimsOf("ARCHITECTURE.md").paths.length).toBeGreaterThan(50);
});

/** Standard input is the script; it is read, not run. */
const parse = (script: string): { readonly status: number | null; readonly stderr: string } =>
  spawnSync("/usr/bin/env", ["bash", "-n"], { input: script, encoding: "utf8" });

const snippets = documents.flatMap((file) => claimsOf(file).snippets.map((snippet): [string, string] => [file, snippet]));

test.each(snippets)("a shell snippet of %s parses: %s", (_file, snippet) => {
  expect(parse(snippet)).toMatchObject({ status: 0, stderr: "" });
});

test("there are snippets, and a broken one is found", () => {
  expect(snippets.length).toBeGreaterThan(5);
  expect(parse("if true; then\n").status).not.toBe(0);
});

test("code spans and links count, fences, patterns and other sites do not", () => {
  const text = [
    "`packages/meta/src/gone.ts`, `GET /apis/x`, `data/keys`, `packages/*/src`, [a](other.md#part), [b](https://example.org/x)",
    "```sh ci\necho `tools/never.ts`\n```",
    "   ```sh ci\n   cat <<'X'\n   text\n   X\n   ```",
    "```sh\nnot this one\n```",
  ].join("\n");
  expect(readDocument("docs/a.md", text)).toEqual({
    paths: ["packages/meta/src/gone.ts", "docs/other.md"],
    snippets: ["echo `tools/never.ts`\n", "cat <<'X'\ntext\nX\n"],
  });
});
