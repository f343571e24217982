import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** A plugin folder whose launcher, for every platform that tests run on, is this JavaScript (CommonJS). */
export async function writePlugin(folder: string, id: string, script: string): Promise<string> {
  const directory = join(folder, id);
  await mkdir(directory, { recursive: true });
  const json = { id, type: "datasource", name: id, backend: true, executable: "gpx", info: { version: "1.2.3" } };
  await writeFile(join(directory, "plugin.json"), JSON.stringify(json));
  for (const system of ["linux", "darwin", "windows"]) {
    for (const architecture of ["amd64", "arm64"]) {
      const launcher = join(directory, `gpx_${system}_${architecture}`);
      await writeFile(launcher, `#!/usr/bin/env node\n${script}`);
      await chmod(launcher, 0o755);
    }
  }
  return directory;
}
