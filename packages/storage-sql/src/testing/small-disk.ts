import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A disk of its own, of so many MiB, which can be filled. */
export interface SmallDisk {
  readonly folder: string;
  /** Leaves no byte. */
  fill(): void;
  free(): void;
  remove(): void;
}

/** Undefined where this process may not mount one. */
export function mountSmallDisk(mebibytes: number): SmallDisk | undefined {
  const folder = mkdtempSync(join(tmpdir(), "dataplane-disk-"));
  try {
    execFileSync("/bin/mount", ["-t", "tmpfs", "-o", `size=${String(mebibytes)}m`, "tmpfs", folder], { stdio: "ignore" });
  } catch {
    rmSync(folder, { recursive: true });
    return undefined;
  }
  const ballast = join(folder, "ballast");
  return {
    folder,
    fill: () => {
      for (const size of [1 << 20, 4096, 1]) fillBy(ballast, size);
    },
    free: () => rmSync(ballast, { force: true }),
    remove: () => {
      execFileSync("/bin/umount", ["--lazy", folder]);
      rmSync(folder, { recursive: true });
    },
  };
}

function fillBy(file: string, bytes: number): void {
  const block = Buffer.alloc(bytes, 1);
  try {
    for (;;) writeFileSync(file, block, { flag: "a" });
  } catch {
    // Full, as was wanted.
  }
}
