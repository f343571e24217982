import { readProcFile } from "./proc-file.js";

/** Memory that the process has in RAM, in bytes; undefined where the platform does not say, or when it is gone. Linux only. */
export function residentMemory(pid: number): number | undefined {
  if (process.platform !== "linux") return undefined;
  try {
    const status = readProcFile(`/proc/${pid}/status`).toString("latin1");
    const kibibytes = /^VmRSS:\s*(\d+) kB$/m.exec(status)?.[1];
    return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
  } catch {
    return undefined;
  }
}

/**
 * Memory of several processes together, in bytes: pages that they share are counted once. Slow for large ones, since the kernel looks at
 * each page (proc_pid_smaps(5)); those that are gone, or whose map is not ours to read, count nothing.
 */
export function sharedMemory(pids: readonly number[]): number {
  let kibibytes = 0;
  for (const pid of pids) {
    try {
      kibibytes += Number(/^Pss:\s*(\d+) kB$/m.exec(readProcFile(`/proc/${pid}/smaps_rollup`).toString("latin1"))?.[1] ?? 0);
    } catch {
      // It has ended meanwhile.
    }
  }
  return kibibytes * 1024;
}
