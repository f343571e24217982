import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { describeWith, needsKubectl } from "./testing/needs.js";
import { isAsShown, type Page, readPage } from "./testing/read-page.js";
import { root } from "./testing/root.js";
import { runPage } from "./testing/run-page.js";
import { startServer } from "./testing/start-server.js";

const folder = path.join(root, "docs");
const pages = readdirSync(folder)
  .filter((name) => name.endsWith(".md"))
  .map((name): [string, Page] => [name, readPage(readFileSync(path.join(folder, name), "utf8"))])
  .filter(([, { snippets }]) => snippets.length > 0);

describeWith([needsKubectl("newest")], "the snippets of pages", () => {
  test.each(pages)("the snippets of docs/%s work, and print what it shows", async (_name, page) => {
    const server = await startServer({ env: page.serverEnvironment });
    try {
      await runPage(page.snippets, server);
    } finally {
      await server.stop();
    }
  });
});

describe("reading a page", () => {
  test("marked blocks alone are run, with what they print", () => {
    const text = [
      "<!-- server GF_A=1 GF_B=x=y -->",
      "```sh\nnot this\n```",
      "<!-- run -->\n```sh ci\necho one two\n```",
      "<!-- prints -->\n```\none …\n```",
      "1. more\n   <!-- run -->\n   ```sh\n   cat <<X\n     kept\n   X\n   ```",
    ].join("\n\n");

    expect(readPage(text)).toEqual({
      serverEnvironment: { GF_A: "1", GF_B: "x=y" },
      snippets: [{ script: "echo one two\n", prints: "one …\n" }, { script: "cat <<X\n  kept\nX\n" }],
    });
  });

  test("output without a snippet is a mistake of the page", () => {
    expect(() => readPage("<!-- prints -->\n```\none\n```")).toThrow("no snippet before it");
  });

  test.each([
    ["a  b\nc", "a b …", true],
    ["a b c", "a … c", true],
    ["a b c", "c … a", false],
    ["a b", "a b d", false],
  ])("%j is as shown by %j: %s", (output, shown, expected) => {
    expect(isAsShown(output, shown)).toBe(expected);
  });

  test("some pages have snippets that are run", () => {
    expect(pages.length).toBeGreaterThan(5);
  });
});
