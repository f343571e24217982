import { type ChildProcessByStdio, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import type { Readable } from "node:stream";
import type { PluginCommand } from "./plugin-command.js";
import { killStragglers } from "./plugin-processes.js";

/** The system's side of a plugin: one process, and the group of those that it starts. */
export interface PluginChild {
  /** Undefined when it could not be started. */
  readonly pid: number | undefined;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Resolves with the way it ended, such as "exited with code 1" or "killed by SIGKILL". Its whole group is gone then, and on Linux what left the group. */
  readonly ended: Promise<string>;
  /** Ends it and all that it started, at once. Never throws. */
  kill(): void;
}

/** Of processes that the kernel may end when memory is short, plugins go before their host (proc_pid_oom_score_adj(5)). */
const oomScore = "500";

/** A group of its own: what a plugin starts can be ended with it, and a Ctrl-C in the host's terminal is the host's alone. */
const hasGroup = process.platform !== "win32";

/**
 * Starts the command. A process that cannot be started is one without a pid, whose `ended` says why. `mark` is a value of its environment
 * that no other process has: what left its group is found by it, where the platform lets us look, and ended with it.
 */
export function spawnPlugin(
  command: PluginCommand,
  { cwd, env, mark }: { readonly cwd: string; readonly env: NodeJS.ProcessEnv; readonly mark: string },
): PluginChild {
  const child = spawn(command.file, [...command.args], { cwd, env, detached: hasGroup, stdio: ["ignore", "pipe", "pipe"], windowsHide: true });
  const { pid } = child;
  const kill = (): void => {
    if (pid !== undefined) killWithGroup(pid);
  };
  const killRest = (): void => {
    kill();
    if (pid !== undefined) killStragglers(pid, mark);
  };
  if (pid !== undefined) preferToKill(pid);
  return { pid, stdout: child.stdout, stderr: child.stderr, ended: endOf(child, killRest), kill };
}

type Child = ChildProcessByStdio<null, Readable, Readable>;

/** Ends a process that `spawnPlugin` started, and all that it started, at once. Never throws. */
export function killWithGroup(pid: number): void {
  try {
    process.kill(hasGroup ? -pid : pid, "SIGKILL");
  } catch {
    // Nobody is left of it.
  }
}

function endOf(child: Child, killRest: () => void): Promise<string> {
  return new Promise((resolve) => {
    child.once("error", (error) => {
      // Without a pid it never ran; later errors (a failed kill) are not its end.
      if (child.pid === undefined) resolve(`could not be started: ${error.message}`);
    });
    child.once("exit", (code, signal) => {
      killRest();
      resolve(signal === null ? `exited with code ${code ?? 0}` : `killed by ${signal}`);
    });
  });
}

function preferToKill(pid: number): void {
  if (process.platform !== "linux") return;
  try {
    writeFileSync(`/proc/${pid}/oom_score_adj`, oomScore);
  } catch {
    // It ended already, or the system is a container that forbids it: a preference, no more.
  }
}
