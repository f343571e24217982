import { existsSync } from "node:fs";
import path from "node:path";
import { tools } from "./root.js";
import { bareEnvironment, type RunningProcess, runProcess } from "./run-process.js";
import { temporaryFolder } from "./start-server.js";

/** The oldest kubectl that is supported, and the newest there is. */
export const kubectlVersions = ["v1.32", "newest"] as const;
export type KubectlVersion = (typeof kubectlVersions)[number];

export const kubectlBinary = (version: KubectlVersion): string => path.join(tools, `kubectl-${version}`);
export const hasKubectl = (version: KubectlVersion): boolean => existsSync(kubectlBinary(version));

export interface KubectlResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface KubectlInput {
  readonly stdin?: string;
  readonly env?: NodeJS.ProcessEnv;
}

export interface Kubectl {
  /** Runs to the end, whatever that is. */
  run(parameters: readonly string[], input?: KubectlInput): Promise<KubectlResult>;
  /** Stdout of a run that ended with 0; throws with stderr otherwise. */
  ok(parameters: readonly string[], input?: KubectlInput): Promise<string>;
  /** Starts one that goes on, such as a watch. */
  start(parameters: readonly string[]): RunningProcess;
}

/** kubectl with no flag of ours: the kubeconfig says everything, and its cache lies in a home of its own. */
export function openKubectl(version: KubectlVersion, kubeconfig: string): Kubectl {
  const home = temporaryFolder("home");
  const start = (parameters: readonly string[], { stdin, env }: KubectlInput = {}): RunningProcess =>
    runProcess(kubectlBinary(version), parameters, {
      env: bareEnvironment({ HOME: home, KUBECONFIG: kubeconfig, ...env }),
      ...(stdin === undefined ? {} : { stdin }),
    });
  const run = async (parameters: readonly string[], input?: KubectlInput): Promise<KubectlResult> => {
    const running = start(parameters, input);
    const { code } = await running.end;
    return { code, stdout: running.stdout(), stderr: running.stderr() };
  };
  return {
    run,
    start,
    async ok(parameters, input) {
      const { code, stdout, stderr } = await run(parameters, input);
      if (code !== 0) throw new Error(`kubectl ${parameters.join(" ")} ended with ${String(code)}: ${stderr}${stdout}`);
      return stdout;
    },
  };
}
