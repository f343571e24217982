import { mkdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { copyFile } from "node:fs/promises";
import path from "node:path";
import { parse } from "yaml";
import { type KubectlVersion, kubectlBinary } from "../testing/kubectl.js";
import { bareEnvironment, runProcess } from "../testing/run-process.js";
import { temporaryFolder } from "../testing/start-server.js";
import { masked } from "./masked.js";

/** What a command printed, masked, and how it ended. What is left out is empty, or 0. */
export interface Outcome {
  readonly exit?: number;
  readonly stdout?: string;
  readonly stderr?: string;
}

/** A command of the session with what kube-apiserver has it print. */
export interface Step extends Outcome {
  /** A line for bash. */
  readonly run: string;
  /** Only the lines that match count. */
  readonly only?: string;
  /** What that version prints, where it is something else. */
  readonly "v1.32"?: Outcome;
}

export const sessionFile = path.join(import.meta.dirname, "session.yaml");

export const session = parse(readFileSync(sessionFile, "utf8")) as readonly Step[];

export function expectedOf(step: Step, version: KubectlVersion): Required<Outcome> {
  const { exit = 0, stdout = "", stderr = "" } = version === "newest" ? step : (step[version] ?? step);
  return { exit, stdout, stderr };
}

/** A shell whose `kubectl` is of that version and knows that server. */
export interface Shell {
  play(step: Step): Promise<Required<Outcome>>;
  close(): void;
}

export async function openShell(version: KubectlVersion, kubeconfig: string): Promise<Shell> {
  const work = temporaryFolder("kubectl-session");
  const programs = path.join(work, "bin");
  mkdirSync(programs);
  symlinkSync(kubectlBinary(version), path.join(programs, "kubectl"));
  // A copy: the session sets a namespace in it.
  const own = path.join(work, "kubeconfig");
  await copyFile(kubeconfig, own);
  const { PATH = "" } = process.env;
  const env = bareEnvironment({ HOME: work, WORK: work, KUBECONFIG: own, PATH: `${programs}:${PATH}`, LC_ALL: "C" });
  return {
    async play({ run, only }) {
      const running = runProcess("bash", ["-c", run], { env, cwd: import.meta.dirname });
      const { code } = await running.end;
      // eslint-disable-next-line security/detect-non-literal-regexp -- from the session file beside this one.
      const wanted = only === undefined ? undefined : new RegExp(only);
      return { exit: code ?? -1, stdout: masked(running.stdout(), wanted), stderr: masked(running.stderr(), wanted) };
    },
    close: () => rmSync(work, { recursive: true, force: true }),
  };
}
