import { readdirSync } from "node:fs";
import { readProcFile } from "./proc-file.js";

/**
 * The processes of a plugin: those of its group, and those that left it (setsid, a daemon) but still have the plugin's environment, by a
 * value in it that no other plugin has. One that left the group and cleared its environment is not found. Linux only; empty elsewhere.
 */
function processesOf(leader: number, mark: string): readonly number[] {
  if (process.platform !== "linux") return [];
  return allProcesses().filter(membership(leader, mark));
}

/** After so many looks each process is looked at anew: it may have been seen in the moment in which it became another program. */
const looksUntilAnew = 20;

/** As processesOf, for who asks again and again: what was found to be another's process is not read each time. */
export function familyOf(leader: number, mark: string): () => readonly number[] {
  if (process.platform !== "linux") return () => [];
  const belongs = membership(leader, mark);
  let strangers = new Set<number>();
  let looks = 0;
  return () => {
    const known = looks % looksUntilAnew === 0 ? new Set() : strangers;
    looks += 1;
    const all = allProcesses();
    const family = all.filter((pid) => !known.has(pid) && belongs(pid));
    strangers = new Set(all);
    for (const pid of family) strangers.delete(pid);
    return family;
  };
}

const allProcesses = (): readonly number[] => readdirSync("/proc").flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []));

function membership(leader: number, mark: string): (pid: number) => boolean {
  const sought = Buffer.from(mark);
  return (pid) => {
    const group = groupOf(pid);
    return group !== undefined && (group === leader || hasInEnvironment(pid, sought));
  };
}

/** The process or thread that was begun last, on the whole machine; undefined where the platform does not say (proc_loadavg(5)). */
export function newestPid(): string | undefined {
  if (process.platform !== "linux") return undefined;
  try {
    return readProcFile("/proc/loadavg").toString("latin1").trim().split(" ").at(-1);
  } catch {
    return undefined;
  }
}

/** Undefined for one that is gone, or has ended and only waits for its parent (proc_pid_stat(5)). */
function groupOf(pid: number): number | undefined {
  try {
    const stat = readProcFile(`/proc/${pid}/stat`).toString("latin1");
    // The name in parentheses may hold spaces; state, parent and group follow it.
    const [state, , group] = stat.slice(stat.lastIndexOf(")") + 2).split(" ", 3);
    return state === "Z" || state === "X" ? undefined : Number(group);
  } catch {
    return undefined;
  }
}

/** False for processes of other users, whose environment cannot be read. */
function hasInEnvironment(pid: number, mark: Buffer): boolean {
  try {
    return readProcFile(`/proc/${pid}/environ`).includes(mark);
  } catch {
    return false;
  }
}

/** Rounds of killing: what forks as fast as it can has children that the first scan did not see. */
const mostRounds = 20;

/** Kills what a plugin left behind outside its group; its group has to be killed before. Never throws. */
export function killStragglers(leader: number, mark: string): void {
  for (let round = 0; round < mostRounds; round += 1) {
    const left = processesOf(leader, mark).filter((pid) => pid !== process.pid);
    if (left.length === 0) return;
    // First all are stopped: then none can fork while the others are killed.
    for (const signal of ["SIGSTOP", "SIGKILL"] as const) for (const pid of left) send(pid, signal);
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended meanwhile.
  }
}
