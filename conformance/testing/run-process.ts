import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { root } from "./root.js";

export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A process whose output is kept. */
export interface RunningProcess {
  readonly pid: number;
  readonly child: ChildProcess;
  /** What it wrote on stdout so far. */
  stdout(): string;
  /** What it wrote on stderr so far. */
  stderr(): string;
  /** Resolves when it ended and its output is read. */
  readonly end: Promise<ProcessEnd>;
}

export interface RunOptions {
  /** The whole environment. */
  readonly env: NodeJS.ProcessEnv;
  /** The repository's root by default. */
  readonly cwd?: string;
  readonly stdin?: string;
  /** Makes it the leader of a process group of its own. */
  readonly group?: boolean;
}

/** What any program needs of the environment; nothing that configures the server. */
export function bareEnvironment(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const { PATH, HOME, TMPDIR } = process.env;
  return { PATH, HOME, ...(TMPDIR === undefined ? {} : { TMPDIR }), ...more };
}

export function runProcess(command: string, parameters: readonly string[], options: RunOptions): RunningProcess {
  const child = spawn(command, parameters, {
    cwd: options.cwd ?? root,
    env: options.env,
    stdio: ["pipe", "pipe", "pipe"],
    detached: options.group === true,
  });
  const output = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (output.stderr += text));
  // A program that ends before it has read everything is no failure of the test.
  child.stdin.on("error", () => undefined).end(options.stdin ?? "");
  const end = new Promise<ProcessEnd>((resolve, reject) => {
    child.once("error", reject).once("close", (code, signal) => resolve({ code, signal }));
  });
  end.catch(() => undefined);
  if (child.pid === undefined) throw new Error(`${command} could not be started`);
  return { pid: child.pid, child, stdout: () => output.stdout, stderr: () => output.stderr, end };
}

/** Whether a process of that id runs. One that ended and waits for its parent to ask does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return process.platform !== "linux" || !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}
