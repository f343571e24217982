import { readFileSync, writeFileSync } from "node:fs";

/** From now on `peakMiB` is of what comes: https://man7.org/linux/man-pages/man5/proc_pid_clear_refs.5.html */
export function startPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, "5");
}

/** The most memory that a process had in RAM since `startPeak`, in MiB. */
export function peakMiB(pid: number): number {
  const kibibytes = /^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kibibytes) / 1024;
}
