import { existsSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { bareEnvironment, runProcess } from "./run-process.js";
import { temporaryFolder } from "./start-server.js";
import { until } from "./until.js";

const binary = "/usr/bin/prometheus";
const stockConfiguration = "/etc/prometheus/prometheus.yml";

export const hasPrometheus = (): boolean => existsSync(binary) && existsSync(stockConfiguration);

export interface RunningPrometheus {
  readonly url: string;
  stop(): Promise<void>;
}

/** Debian's Prometheus with its stock configuration. Resolves when `up` has a sample. */
export async function startPrometheus(port?: number): Promise<RunningPrometheus> {
  const listen = `127.0.0.1:${port ?? (await freePort())}`;
  const folder = temporaryFolder("prometheus");
  const running = runProcess(binary, [`--config.file=${stockConfiguration}`, `--storage.tsdb.path=${folder}`, `--web.listen-address=${listen}`], {
    env: bareEnvironment(),
    cwd: folder,
  });
  const url = `http://${listen}`;
  await until("Prometheus has a sample of up", () => hasSample(url), 60_000);
  return {
    url,
    async stop() {
      running.child.kill("SIGTERM");
      await running.end;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function hasSample(url: string): Promise<true | undefined> {
  const { data } = (await (await fetch(`${url}/api/v1/query?query=up`)).json()) as { readonly data: { readonly result: readonly unknown[] } };
  return data.result.length > 0 ? true : undefined;
}

/** A port that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => (address !== null && typeof address === "object" ? resolve(address.port) : reject(new Error("no port"))));
    });
  });
}
