import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { currentPlatform } from "../plugin-command.js";

/** A folder of the tests' own, gone after them. */
export class ScratchFolder {
  readonly path = mkdtempSync(join(tmpdir(), "ph-test-"));

  /** A plugin whose executable is this JavaScript (CommonJS), started as bundled plugins are. */
  plugin(id: string, script: string, json: object = {}): string {
    const directory = join(this.path, "plugins", id);
    mkdirSync(directory, { recursive: true });
    writeFileSync(
      join(directory, "plugin.json"),
      JSON.stringify({ id, type: "datasource", name: id, backend: true, executable: "gpx", info: { version: "1.0.0" }, ...json }),
    );
    writeFileSync(join(directory, `gpx_${currentPlatform.goos}_${currentPlatform.goarch}`), `#!/usr/bin/env node\n${script}`);
    return directory;
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** Folder that holds the built Go test plugin's folder; undefined when it was not built. */
export function goTestPlugins(): string | undefined {
  const directory = process.env["DATAPLANE_TESTPLUGIN_DIR"] ?? join(import.meta.dirname, "../../../../.cache/tools/testplugin");
  if (existsSync(join(directory, "acme-testplugin-datasource", "plugin.json"))) return directory;
  console.warn(`skipped: the Go test plugin is not built (${directory}); conformance/build-tools.sh builds it`);
  return undefined;
}
