import { expect } from "vitest";
import { withProgramsFolder } from "./programs-folder.js";
import { isAsShown, type Snippet } from "./read-page.js";
import { bareEnvironment, runProcess } from "./run-process.js";
import type { StartedServer } from "./start-server.js";

const marker = "-- the next snippet --";

/**
 * Runs the snippets of a page one after the other in one bash, from the repository's root, as a reader pastes them; its addresses and its
 * data folder become those of `server`. Expects each to end well, and to print what the page shows.
 */
export async function runPage(snippets: readonly Snippet[], server: StartedServer): Promise<void> {
  await withProgramsFolder(async (programs) => {
    const env = bareEnvironment({
      HOME: programs,
      KUBECONFIG: server.kubeconfig,
      GF_PATHS_DATA: server.dataPath,
      PATH: `${programs}:${process.env["PATH"] ?? ""}`,
    });
    const run = runProcess("bash", ["-eu", "-s"], { env, stdin: snippets.map((it) => scriptOf(it, server)).join("") });
    const { code } = await run.end;
    const outputs = run.stdout().split(`${marker}\n`).slice(1);
    expect({ code, ran: outputs.length, stderr: run.stderr() }, run.stdout()).toMatchObject({ code: 0, ran: snippets.length });
    snippets.forEach(({ script, prints = "" }, index) => {
      const output = outputs[index] ?? "";
      expect(isAsShown(output, prints), `${script}\nprinted\n${output}\nand the page shows\n${prints}`).toBe(true);
    });
  });
}

/** In braces, so that bash reads a snippet whole: programs in it may read standard input. */
function scriptOf({ script }: Snippet, server: StartedServer): string {
  const commands = script.replaceAll("http://localhost:3000", server.url).replaceAll("./data/", `${server.dataPath}/`);
  return `echo; echo '${marker}'\n{\n${commands}\n} </dev/null\n`;
}
