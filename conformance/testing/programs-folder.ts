import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { hasKubectl, kubectlBinary } from "./kubectl.js";
import { root } from "./root.js";

/**
 * Runs `use` with a folder that is a home of its own and that holds the programs which pages and examples call by their names: `kubectl`
 * when it is built, and `dataplane`. The folder is removed afterwards.
 */
export async function withProgramsFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(path.join(tmpdir(), "dataplane-programs-"));
  try {
    if (hasKubectl("newest")) symlinkSync(kubectlBinary("newest"), path.join(folder, "kubectl"));
    const dataplane = path.join(folder, "dataplane");
    writeFileSync(dataplane, `#!/bin/sh\nexec '${process.execPath}' '${path.join(root, "packages/cli/bin/dataplane.mjs")}' "$@"\n`);
    chmodSync(dataplane, 0o755);
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
