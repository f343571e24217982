import path from "node:path";
import { root } from "../../conformance/testing/root.js";
import { type RunningProcess, runProcess } from "../../conformance/testing/run-process.js";
import { serverEnvironment } from "../../conformance/testing/start-server.js";

/** Our server as `npm start` starts it: the process is the server's own. BENCH_NODE_FLAGS are flags of its Node, such as `--cpu-prof`. */
export const startOurs = (dataPath: string, env: NodeJS.ProcessEnv): RunningProcess => {
  const flags = (process.env["BENCH_NODE_FLAGS"] ?? "").split(" ").filter((flag) => flag !== "");
  return runProcess(process.execPath, [...flags, path.join(root, "tools", "start.mjs")], { env: serverEnvironment(dataPath, env) });
};

export async function stopProcess(running: RunningProcess): Promise<void> {
  running.child.kill("SIGTERM");
  await running.end;
}
