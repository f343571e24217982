import { readFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../../conformance/testing/prometheus.js";
import { root } from "../../conformance/testing/root.js";
import { bareEnvironment, runProcess } from "../../conformance/testing/run-process.js";
import { type Contestant, kubeBinaries } from "../apiserver/contestant.js";
import { startOurs, stopProcess } from "../measure/start-ours.js";

/** Starts on the data in a folder, and leaves them there when it stops. */
export interface Program {
  readonly name: string;
  start(folder: string): Promise<Contestant>;
}

const pollMs = 5;
const giveUpMs = 60_000;

/** From the spawn of tools/start.mjs, its set-up included, to the first 200 of /readyz. */
export const ours: Program = {
  name: "dataplane",
  async start(folder) {
    const port = await freePort();
    const begun = performance.now();
    const server = startOurs(folder, { GF_SERVER_HTTP_PORT: String(port) });
    while (!(await isReady(port))) {
      if (performance.now() - begun > giveUpMs || server.child.exitCode !== null) throw new Error(`no start: ${server.stdout()}${server.stderr()}`);
      await sleep(pollMs);
    }
    const readyMs = performance.now() - begun;
    return {
      kubeconfig: path.join(folder, "grafana-apiserver", "grafana.kubeconfig"),
      processes: `dataplane=${String(server.pid)}`,
      readyMs,
      stop: () => stopProcess(server),
    };
  },
};

/** From the spawn of kube-apiserver, when etcd answers already. */
export const kube: Program = {
  name: "kube-apiserver",
  async start(folder) {
    const env = bareEnvironment();
    const script = path.join(root, "bench", "peers", "kube", "peer.sh");
    const start = runProcess("bash", [script, "start", kubeBinaries, folder], { env });
    const { code } = await start.end;
    if (code !== 0) throw new Error(`the peer did not start: ${start.stdout()}${start.stderr()}`);
    return {
      kubeconfig: path.join(folder, "kubeconfig"),
      processes: readFileSync(path.join(folder, "pids"), "utf8").trim(),
      readyMs: Number(readFileSync(path.join(folder, "ready_ms"), "utf8")),
      async stop() {
        await runProcess("bash", [script, "stop", folder], { env }).end;
      },
    };
  },
};

export const pidsOf = ({ processes }: Contestant): readonly number[] => processes.split(",").map((it) => Number(it.slice(it.indexOf("=") + 1)));

async function isReady(port: number): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/readyz`);
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}
