import { readFile } from "node:fs/promises";

/** Memory that the process has in RAM, in bytes; undefined where the platform does not say, or when it is gone. Linux only. */
export async function residentMemory(pid: number): Promise<number | undefined> {
  if (process.platform !== "linux") return undefined;
  try {
    const status = await readFile(`/proc/${pid}/status`, "utf8");
    const kibibytes = /^VmRSS:\s*(\d+) kB$/m.exec(status)?.[1];
    return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
  } catch {
    return undefined;
  }
}
