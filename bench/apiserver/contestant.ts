import { existsSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { root, tools } from "../../conformance/testing/root.js";
import { bareEnvironment, runProcess } from "../../conformance/testing/run-process.js";
import { temporaryFolder, whenReady } from "../../conformance/testing/start-server.js";
import { startOurs, stopProcess } from "../measure/start-ours.js";

/** An API server under load, with its store. */
export interface Contestant {
  readonly kubeconfig: string;
  /** `name=pid,...` of all its processes, the store's too. */
  readonly processes: string;
  /** From its start to the first 200 of /readyz, in ms. */
  readonly readyMs: number;
  stop(): Promise<void>;
}

export const kubeBinaries = path.join(tools, "kube");
export const hasKube = (): boolean => ["kube-apiserver", "etcd", "kubeload"].every((name) => existsSync(path.join(kubeBinaries, name)));

/** Our server on fresh data: on SQLite unless the environment says where else. */
export async function openOurs(env: NodeJS.ProcessEnv = {}): Promise<Contestant> {
  const dataPath = temporaryFolder("bench");
  const begun = performance.now();
  const server = startOurs(dataPath, env);
  const { kubeconfig } = await whenReady(server, dataPath);
  const readyMs = performance.now() - begun;
  return {
    kubeconfig,
    processes: `dataplane=${String(server.pid)}`,
    readyMs,
    async stop() {
      await stopProcess(server);
      rmSync(dataPath, { recursive: true, force: true });
    },
  };
}

/** kube-apiserver on fresh data: on etcd, which writes through to the disk, or on kine with SQLite. */
export async function openKube(store: "etcd" | "kine" = "etcd"): Promise<Contestant> {
  const folder = temporaryFolder("bench-kube");
  const script = path.join(root, "bench", "peers", "kube", "peer.sh");
  const env = bareEnvironment();
  const start = runProcess("bash", [script, "start", kubeBinaries, folder, store], { env });
  const { code } = await start.end;
  if (code !== 0) throw new Error(`the peer did not start: ${start.stdout()}${start.stderr()}`);
  return {
    kubeconfig: path.join(folder, "kubeconfig"),
    processes: readFileSync(path.join(folder, "pids"), "utf8").trim(),
    readyMs: Number(readFileSync(path.join(folder, "ready_ms"), "utf8")),
    async stop() {
      await runProcess("bash", [script, "stop", folder], { env }).end;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
