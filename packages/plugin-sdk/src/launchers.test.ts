import { existsSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { baseContext, startPlugin } from "./testing/index.js";

const platforms = ["linux", "darwin", "windows"].flatMap((system) => ["amd64", "arm64"].map((architecture) => `${system}_${architecture}`));

describe.each(["prometheus", "grafana-testdata-datasource"])("the launchers of %s", (folder) => {
  const at = (name: string) => fileURLToPath(new URL(`../../../plugins/${folder}/${name}`, import.meta.url));

  test.each(platforms)("%s is the one launcher", async (platform) => {
    const { executable } = JSON.parse(await readFile(at("plugin.json"), "utf8")) as { executable: string };
    const file = at(`${executable}_${platform}`);
    expect(await readFile(file, "utf8")).toBe('#!/usr/bin/env node\nimport "./dist/main.js";\n');
    expect((await stat(file)).mode & 0o111).toBe(0o111);
  });

  test.skipIf(!existsSync(at("dist/main.js")))("start the built plugin in plaintext and with AutoMTLS (needs a build)", async () => {
    const { executable } = JSON.parse(await readFile(at("plugin.json"), "utf8")) as { executable: string };
    for (const autoMtls of [false, true]) {
      await using plugin = await startPlugin({ file: at(`${executable}_linux_amd64`), autoMtls });
      const { metrics } = await plugin.call("collectMetrics", { pluginContext: baseContext() });
      expect(new TextDecoder().decode(metrics?.prometheus)).toContain("process_start_time_seconds");
      expect(await plugin.stop()).toBe(0);
    }
  });
});
