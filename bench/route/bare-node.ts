import path from "node:path";
import { bareEnvironment, type RunningProcess, runProcess } from "../../conformance/testing/run-process.js";
import { until } from "../../conformance/testing/until.js";
import { stopProcess } from "../measure/start-ours.js";
import type { Contestant } from "../query/contestant.js";

/** A bare proxy of Node before a bare backend: what no proxy of Node comes below. */
export async function startBareProxy(): Promise<Contestant> {
  const backend = start(["backend"]);
  const proxy = start(["proxy", await portOf(backend)]);
  return {
    name: "bare Node proxy",
    url: `http://127.0.0.1:${await portOf(proxy)}/bytes`,
    serverPid: proxy.pid,
    pluginPid: backend.pid,
    async stop() {
      await stopProcess(proxy);
      await stopProcess(backend);
    },
  };
}

const start = (parameters: readonly string[]): RunningProcess =>
  runProcess(process.execPath, [path.join(import.meta.dirname, "bare-proxy.mjs"), ...parameters], { env: bareEnvironment() });

const portOf = (running: RunningProcess): Promise<string> => until("it listens", () => /^\d+$/m.exec(running.stdout())?.[0]);
