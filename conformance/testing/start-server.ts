import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { bareEnvironment, type ProcessEnd, type RunningProcess, runProcess } from "./run-process.js";
import { until } from "./until.js";

export interface StartServerOptions {
  /** Kept at stop when given; else a temporary folder that goes with the server. */
  readonly dataPath?: string;
  /** More environment variables; over the harness's own. */
  readonly env?: NodeJS.ProcessEnv;
  /** Arguments of the server, such as `cfg:section.key=value`. */
  readonly parameters?: readonly string[];
  /** 90 s unless told: it starts in a second, and in many times that where others keep the machine busy. */
  readonly readyWithinMs?: number;
}

export interface StartedServer {
  readonly pid: number;
  /** Plain HTTP, without a slash at the end. */
  readonly url: string;
  /** Empty when the server listens on no HTTPS. */
  readonly httpsUrl: string;
  /** Path of the kubeconfig; empty when there is none. */
  readonly kubeconfig: string;
  readonly dataPath: string;
  /** Everything it printed. */
  log(): string;
  /** Ends it by SIGTERM, as a service manager does. */
  stop(): Promise<ProcessEnd>;
  /** Ends it by SIGKILL; the data folder stays, for whoever wants to look. */
  kill(): Promise<void>;
}

/** Any suite can be run with workers: `DATAPLANE_WORKERS=2 npx vitest run --config conformance/vitest.config.ts conformance/<file>`. */
const workers = Number(process.env["DATAPLANE_WORKERS"] ?? "0");

/** Ports 0 and a data folder of its own: servers of several tests never meet. */
export function serverEnvironment(dataPath: string, more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  return bareEnvironment({
    GF_PATHS_DATA: dataPath,
    GF_PATHS_PLUGINS: path.join(dataPath, "plugins"),
    GF_SERVER_HTTP_PORT: "0",
    GF_GRAFANA_APISERVER_HTTPS_PORT: "0",
    ...(workers === 0 ? {} : { GF_SERVER_WORKERS: String(workers) }),
    ...more,
  });
}

export const temporaryFolder = (name: string): string => mkdtempSync(path.join(tmpdir(), `dataplane-${name}-`));

/** Starts the built server and waits for /readyz. Rejects with its output when it ends before. */
export async function startServer(options: StartServerOptions = {}): Promise<StartedServer> {
  const dataPath = options.dataPath ?? temporaryFolder("data");
  const server = runProcess(process.execPath, [path.join(import.meta.dirname, "serve.mjs"), ...(options.parameters ?? [])], {
    env: serverEnvironment(dataPath, options.env),
  });
  const state = await whenReady(server, dataPath, options.readyWithinMs).catch((error: unknown) => {
    server.child.kill("SIGKILL");
    throw error;
  });
  const asked = Number(serverEnvironment(dataPath, options.env)["GF_SERVER_WORKERS"] ?? "0");
  // Until then the main process answers in their place.
  await until("the workers are ready", () => server.stderr().split("a worker is ready").length > asked || undefined, options.readyWithinMs ?? 30_000);
  const removeData = (): void => {
    if (options.dataPath === undefined) rmSync(dataPath, { recursive: true, force: true });
  };
  return {
    pid: server.pid,
    ...state,
    dataPath,
    log: () => server.stdout() + server.stderr(),
    async stop() {
      server.child.kill("SIGTERM");
      const end = await server.end;
      removeData();
      return end;
    },
    async kill() {
      server.child.kill("SIGKILL");
      await server.end;
    },
  };
}

export type Addresses = Pick<StartedServer, "url" | "httpsUrl" | "kubeconfig">;

/** The addresses of a server that serves, read where anyone may read them. Rejects with its output when it ends before. */
export async function whenReady(server: RunningProcess, dataPath: string, withinMs = 90_000): Promise<Addresses> {
  const ended = server.end.then(({ code, signal }): never => {
    throw new Error(`the server ended (${String(code ?? signal)}):\n${server.stdout()}${server.stderr()}`);
  });
  // It may end later, as asked.
  ended.catch(() => undefined);
  return Promise.race([ended, until("the server is ready", () => readyState(server, dataPath), withinMs)]);
}

async function readyState(server: RunningProcess, dataPath: string): Promise<Addresses | undefined> {
  const file = path.join(dataPath, "run", "server.json");
  if (!existsSync(file)) return undefined;
  const state = JSON.parse(readFileSync(file, "utf8")) as {
    readonly pid: number;
    readonly http: { readonly url: string };
    readonly https?: { readonly url: string };
    readonly kubeconfig?: string;
  };
  // A killed server leaves its file; and below npm the server is another process than the one we started.
  if (server.child.exitCode !== null || (state.pid !== server.pid && !server.stdout().includes(state.http.url))) return undefined;
  const ready = await fetch(`${state.http.url}/readyz`);
  await ready.arrayBuffer();
  return ready.ok ? { url: state.http.url, httpsUrl: state.https?.url ?? "", kubeconfig: state.kubeconfig ?? "" } : undefined;
}
