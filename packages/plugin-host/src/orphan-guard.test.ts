import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { silentLogger } from "@dataplane/meta";
import { afterEach, expect, test } from "vitest";
import { OrphanGuard } from "./orphan-guard.js";

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

/** A plugin of sorts: the leader of a group. */
function aProcess(script = "setInterval(() => {}, 1000)"): ChildProcess & { readonly pid: number } {
  const child = spawn(process.execPath, ["-e", `${script}; console.log("there")`], { detached: true, stdio: ["ignore", "pipe", "ignore"] });
  children.push(child);
  const { pid } = child;
  if (pid === undefined) throw new Error("it did not start");
  return Object.assign(child, { pid });
}

async function isThere(child: ChildProcess): Promise<void> {
  if (child.stdout !== null) await once(child.stdout, "data");
}

test.skipIf(process.platform === "win32")(
  "what is left when the host goes is asked to end, and killed when it does not; what was forgotten is let alone",
  async () => {
    const [willing, unwilling, forgotten] = [aProcess(), aProcess('process.on("SIGTERM", () => {}); setInterval(() => {}, 1000)'), aProcess()];
    await Promise.all([willing, unwilling, forgotten].map(isThere));
    const guard = new OrphanGuard(silentLogger);
    for (const { pid } of [willing, unwilling, forgotten]) guard.watch(pid);
    guard.forget(forgotten.pid);
    guard.stop();
    expect(await once(willing, "exit")).toEqual([null, "SIGTERM"]);
    expect(await once(unwilling, "exit")).toEqual([null, "SIGKILL"]);
    expect(forgotten.exitCode ?? forgotten.signalCode).toBeNull();
  },
);
