import { readFileSync } from "node:fs";

/** Memory that the process has in RAM, in bytes; undefined where the platform does not say, or when it is gone. Linux only. */
export function residentMemory(pid: number): number | undefined {
  if (process.platform !== "linux") return undefined;
  try {
    // A file of the kernel's own: reading it waits for no disk.
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const kibibytes = /^VmRSS:\s*(\d+) kB$/m.exec(status)?.[1];
    return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
  } catch {
    return undefined;
  }
}
