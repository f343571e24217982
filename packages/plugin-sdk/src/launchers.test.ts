import { readFile, stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const platforms = ["linux", "darwin", "windows"].flatMap((system) => ["amd64", "arm64"].map((architecture) => `${system}_${architecture}`));

describe.each(["prometheus", "grafana-testdata-datasource"])("the launchers of %s", (folder) => {
  const at = (name: string) => fileURLToPath(new URL(`../../../plugins/${folder}/${name}`, import.meta.url));

  test.each(platforms)("%s is the one launcher", async (platform) => {
    const { executable } = JSON.parse(await readFile(at("plugin.json"), "utf8")) as { executable: string };
    const file = at(`${executable}_${platform}`);
    expect(await readFile(file, "utf8")).toBe('#!/usr/bin/env node\nimport "./dist/main.js";\n');
    expect((await stat(file)).mode & 0o111).toBe(0o111);
  });
});
