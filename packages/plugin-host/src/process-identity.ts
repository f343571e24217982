import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/**
 * What tells a process from a later one with the same pid: when it started and what it runs. Undefined when there is no such process,
 * or the platform does not say.
 */
export function processIdentity(pid: number): string | undefined {
  try {
    if (process.platform === "linux") return linuxIdentity(pid);
    if (process.platform === "win32") return undefined;
    const line = execFileSync("/bin/ps", ["-o", "lstart=,command=", "-p", String(pid)], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
    return line === "" ? undefined : line;
  } catch {
    return undefined;
  }
}

function linuxIdentity(pid: number): string | undefined {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The second field is the name in parentheses, and may hold spaces. State and start time are the 3rd and 22nd (proc_pid_stat(5)).
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (fields[0] === "Z" || fields[0] === "X") return undefined;
  const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
  return `${boot} ${fields[19] ?? ""} ${command}`;
}
