import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isAlive } from "../../conformance/testing/run-process.js";

/** All that one benchmark starts and writes. */
export interface Scene {
  /** Ends what still runs, by SIGTERM and after 5 s by SIGKILL, and removes the files. Once; later calls wait for the first. */
  end(): Promise<void>;
}

const graceMs = 5000;
const pauseMs = 50;

/**
 * Gives a benchmark a temporary folder of its own. Whatever it starts inherits the folder's name as TMPDIR, and is known by that even when
 * its parent has ended, so a benchmark that threw or was interrupted leaves nothing behind. It counts until the next is opened.
 */
export function openScene(): Scene {
  const outer = process.env["TMPDIR"];
  const folder = mkdtempSync(path.join(tmpdir(), "bench-"));
  // Databases run as users of their own.
  chmodSync(folder, 0o755);
  process.env["TMPDIR"] = folder;
  const end = async (): Promise<void> => {
    if (outer === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = outer;
    await endProcesses(folder);
    rmSync(folder, { recursive: true, force: true });
  };
  let ending: Promise<void> | undefined;
  return { end: () => (ending ??= end()) };
}

async function endProcesses(folder: string): Promise<void> {
  const giveUp = performance.now() + graceMs;
  for (const pid of processesOf(folder)) kill(pid, "SIGTERM");
  while (processesOf(folder).length > 0 && performance.now() < giveUp) await sleep(pauseMs);
  for (const pid of processesOf(folder)) kill(pid, "SIGKILL");
}

/** Processes whose environment names the folder; others' environments cannot be read, and are none of ours. */
function processesOf(folder: string): readonly number[] {
  const mark = `TMPDIR=${folder}`;
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.map(Number).filter((pid) => pid !== process.pid && environmentOf(pid).includes(mark) && isAlive(pid));
}

function environmentOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, "latin1").split("\0");
  } catch {
    return [];
  }
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended meanwhile.
  }
}
