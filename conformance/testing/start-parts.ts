import { rmSync } from "node:fs";
import { createServer } from "node:net";
import path from "node:path";
import { type ProcessEnd, runProcess } from "./run-process.js";
import { type Addresses, type StartedServer, type StartServerOptions, serverEnvironment, temporaryFolder, whenReady } from "./start-server.js";

/** One of the two processes; it keeps its addresses over restarts. */
export interface StartedPart extends Addresses {
  readonly pid: number;
  readonly dataPath: string;
  log(): string;
  /** Ends it by SIGKILL. */
  kill(): Promise<void>;
  /** Starts it again, and waits for /readyz. */
  restart(): Promise<void>;
}

/** The aggregators, which clients talk to, and the API server behind them, as two processes. Fits where a StartedServer is asked for. */
export interface StartedParts extends StartedServer {
  readonly aggregator: StartedPart;
  readonly apiServer: StartedPart;
}

/**
 * Starts `--target=apiserver` and `--target=aggregator` on this machine, each with a data folder of its own, and waits for both. `env` and
 * `parameters` hold for both; plugins are the aggregator's: their folder is `dataPath`/plugins.
 */
export async function startParts(options: StartServerOptions = {}): Promise<StartedParts> {
  const root = options.dataPath ?? temporaryFolder("parts");
  const data = { apiserver: path.join(root, "apiserver"), aggregator: root };
  const ports = { apiserver: await freePort(), aggregator: await freePort() };
  const url = (port: number): string => `https://127.0.0.1:${port}`;
  const common = { env: options.env ?? {}, parameters: options.parameters ?? [] };
  const apiServer = await startPart({
    ...common,
    target: "apiserver",
    dataPath: data.apiserver,
    settings: {
      GF_GRAFANA_APISERVER_HTTPS_PORT: String(ports.apiserver),
      GF_AGGREGATOR_URL: url(ports.aggregator),
      GF_AGGREGATOR_DATA: data.aggregator,
    },
  });
  const aggregator = await startPart({
    ...common,
    target: "aggregator",
    dataPath: data.aggregator,
    settings: {
      GF_GRAFANA_APISERVER_HTTPS_PORT: String(ports.aggregator),
      GF_GRAFANA_APISERVER_URL: url(ports.apiserver),
      GF_GRAFANA_APISERVER_DATA: data.apiserver,
    },
  });
  return {
    get pid() {
      return aggregator.pid;
    },
    get url() {
      return aggregator.url;
    },
    httpsUrl: aggregator.httpsUrl,
    kubeconfig: aggregator.kubeconfig,
    dataPath: data.aggregator,
    aggregator,
    apiServer,
    log: () => `${apiServer.log()}\n${aggregator.log()}`,
    async stop() {
      const end = await aggregator.stop();
      await apiServer.stop();
      if (options.dataPath === undefined) rmSync(root, { recursive: true, force: true });
      return end;
    },
    async kill() {
      await Promise.all([aggregator.kill(), apiServer.kill()]);
    },
  };
}

interface PartOptions extends Required<Pick<StartServerOptions, "env" | "parameters">> {
  readonly target: "apiserver" | "aggregator";
  readonly dataPath: string;
  readonly settings: NodeJS.ProcessEnv;
}

async function startPart({ target, dataPath, settings, env, parameters }: PartOptions): Promise<StartedPart & { stop(): Promise<ProcessEnd> }> {
  const http = { GF_SERVER_HTTP_PORT: String(await freePort()) };
  const start = () =>
    runProcess(process.execPath, [path.join(import.meta.dirname, "serve.mjs"), "serve", `--target=${target}`, ...parameters], {
      // Workers are for a server that has both parts.
      env: serverEnvironment(dataPath, { GF_SERVER_WORKERS: "0", ...http, ...settings, ...env }),
    });
  let running = start();
  const addresses = await whenReady(running, dataPath);
  return {
    ...addresses,
    get pid() {
      return running.pid;
    },
    dataPath,
    log: () => running.stdout() + running.stderr(),
    async kill() {
      running.child.kill("SIGKILL");
      await running.end;
    },
    async restart() {
      running = start();
      await whenReady(running, dataPath);
    },
    async stop() {
      running.child.kill("SIGTERM");
      return running.end;
    },
  };
}

/** A port that nobody listens on now: the parts must find each other again after a restart. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
