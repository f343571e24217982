import path from "node:path";
import { expect } from "vitest";
import { withProgramsFolder } from "./programs-folder.js";
import { root } from "./root.js";
import { bareEnvironment, runProcess } from "./run-process.js";
import type { StartedServer } from "./start-server.js";

/**
 * Runs a script of examples/ against a server, with curl, and the kubectl that is there, as all its programs. Expects it to end well and to
 * complain of nothing; resolves with what it printed.
 */
export async function runExample(
  script: string,
  server: Pick<StartedServer, "url" | "kubeconfig">,
  { parameters = [], env = {} }: { readonly parameters?: readonly string[]; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<string> {
  return withProgramsFolder(async (programs) => {
    const own = { HOME: programs, KUBECONFIG: server.kubeconfig, SERVER: server.url, PATH: `${programs}:${process.env["PATH"] ?? ""}` };
    const run = runProcess(path.join(root, "examples", script), parameters, { env: bareEnvironment({ ...own, ...env }) });
    const { code } = await run.end;
    expect({ code, stderr: run.stderr() }, run.stdout()).toEqual({ code: 0, stderr: "" });
    return run.stdout();
  });
}
