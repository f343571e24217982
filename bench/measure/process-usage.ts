import { readdirSync, readFileSync } from "node:fs";

// Linux reports times in ticks of USER_HZ, which is 100 on every platform that Node runs on.
const ticksPerSecond = 100;

/** CPU time of a process with all its threads since it started, in seconds. */
export function cpuSeconds(pid: number): number {
  const [utime, stime] = statFields(pid).slice(11, 13);
  return (Number(utime) + Number(stime)) / ticksPerSecond;
}

/** Memory of a process that is in RAM now, in MiB. */
export function residentMiB(pid: number): number {
  const kibibytes = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kibibytes) / 1024;
}

/** CPU time that all programs of the machine took since it started, in seconds. */
export function machineCpuSeconds(): number {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = (readFileSync("/proc/stat", "utf8").split("\n", 1)[0] ?? "")
    .split(/ +/)
    .slice(1)
    .map(Number);
  return (user + nice + system + irq + softirq) / ticksPerSecond;
}

/** The child of a process whose command begins so. Throws when there is none. */
export function childOf(parent: number, command: string): number {
  const found = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .find((pid) => isChild(pid, parent, command));
  if (found === undefined) throw new Error(`process ${parent} has no child ${command}`);
  return found;
}

function isChild(pid: number, parent: number, command: string): boolean {
  try {
    return Number(statFields(pid)[1]) === parent && readFileSync(`/proc/${pid}/comm`, "utf8").startsWith(command);
  } catch {
    // It ended meanwhile.
    return false;
  }
}

/** The fields of /proc/<pid>/stat after the command, which may hold blanks: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
function statFields(pid: number): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}
