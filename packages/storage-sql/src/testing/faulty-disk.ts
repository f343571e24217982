import { execFileSync } from "node:child_process";
import { closeSync, openSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** What the disk does. Numbers are those of faulty-disk.c. */
export const diskFaults = {
  none: 0,
  "EIO on writes": 1,
  "ENOSPC on writes": 2,
  "EROFS on writes": 3,
  "EIO on syncs": 4,
  "short writes": 5,
  "torn writes": 6,
  "EIO on reads": 7,
} as const;

export type DiskFault = keyof typeof diskFaults;

/** A disk that does as it is told, under the files whose paths begin with `files`. */
export interface FaultyDisk {
  /** For the process that writes to it. */
  readonly env: Readonly<Record<string, string>>;
  fault(fault: DiskFault): void;
  /** At the nth write or sync from now the power fails: so many of 100 blocks that were not synced are lost. */
  crash(after: number, loss: number): void;
}

/** Builds the library with the system's C compiler; undefined where there is none, or the system is not Linux. */
export function buildFaultyDisk(folder: string): string | undefined {
  const library = join(folder, "faulty-disk.so");
  const extension = import.meta.url.endsWith(".ts") ? "" : "../../src/testing/";
  const source = fileURLToPath(new URL(`./${extension}faulty-disk.c`, import.meta.url));
  try {
    execFileSync("/usr/bin/cc", ["-O1", "-shared", "-fPIC", "-o", library, source, "-ldl", "-lpthread"], { stdio: "ignore" });
    return process.platform === "linux" ? library : undefined;
  } catch {
    return undefined;
  }
}

export function openFaultyDisk(library: string, files: string): FaultyDisk {
  const control = `${files}.control`;
  writeFileSync(control, Buffer.alloc(64));
  const set = (index: number, value: number): void => {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32LE(value);
    const file = openSync(control, "r+");
    writeSync(file, bytes, 0, 4, index * 4);
    closeSync(file);
  };
  return {
    env: { LD_PRELOAD: library, FAULTY_DISK_FILES: files, FAULTY_DISK_CONTROL: control },
    fault: (fault) => set(0, diskFaults[fault]),
    crash(after, loss) {
      set(2, loss);
      set(1, after);
    },
  };
}
