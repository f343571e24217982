import { fileURLToPath } from "node:url";
import { runCommand } from "../run-command.js";

/** The repository's root, where the packages of the SDK are. */
export const root = fileURLToPath(new URL("../../../..", import.meta.url)).replace(/[\\/]$/, "");

export interface CliRun {
  readonly code: number;
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
}

/** Runs a command as the terminal does, in this process. */
export async function runCli(cwd: string, argv: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<CliRun> {
  const stdout: string[] = [];
  const stderr: string[] = [];
  const { signal } = new AbortController();
  const code = await runCommand(argv, { stdout: (line) => stdout.push(line), stderr: (line) => stderr.push(line), env, cwd, root, signal });
  return { code, stdout, stderr };
}
