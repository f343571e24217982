import { closeSync, openSync, readSync } from "node:fs";

// Such a file says no size: readFileSync would take 64 KiB or more for each, several times a second, which is 18 MB for one look at all processes.
let scratch = Buffer.allocUnsafeSlow(4096);

/** What a file of the kernel's own holds, read without waiting for a disk. The bytes stay only until the next call. Throws as openSync. */
export function readProcFile(path: string): Buffer {
  const file = openSync(path, "r");
  try {
    for (let length = 0; ; ) {
      const read = readSync(file, scratch, length, scratch.length - length, null);
      if (read === 0) return scratch.subarray(0, length);
      length += read;
      if (length === scratch.length) scratch = Buffer.concat([scratch], scratch.length * 2);
    }
  } finally {
    closeSync(file);
  }
}
