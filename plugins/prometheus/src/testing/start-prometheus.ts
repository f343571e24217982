import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

export interface RunningPrometheus {
  readonly url: string;
  /** An answer of its own API, to compare with. */
  get(path: string): Promise<unknown>;
  stop(): Promise<void>;
}

/** Whether Prometheus and promtool are on the PATH. */
export const prometheusInstalled = ["prometheus", "promtool"].every((name) =>
  (process.env["PATH"] ?? "").split(delimiter).some((folder) => existsSync(join(folder, name))),
);

/** A real Prometheus that scrapes nothing and holds just the samples of an OpenMetrics text. */
export async function startPrometheus(openMetrics: string): Promise<RunningPrometheus> {
  const folder = await mkdtemp(join(tmpdir(), "prometheus-test-"));
  const input = join(folder, "samples.om");
  await writeFile(input, openMetrics);
  await writeFile(join(folder, "prometheus.yml"), "global:\n  scrape_interval: 15s\n");
  await promisify(execFile)("promtool", ["tsdb", "create-blocks-from", "openmetrics", input, join(folder, "data")]);
  const port = await freePort();
  const child = spawn(
    // eslint-disable-next-line sonarjs/no-os-command-from-path -- whichever Prometheus the machine has is the one to test with.
    "prometheus",
    [
      `--config.file=${join(folder, "prometheus.yml")}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      "--storage.tsdb.retention.time=100y",
      "--enable-feature=exemplar-storage",
      `--web.listen-address=127.0.0.1:${port}`,
      "--log.level=error",
    ],
    { stdio: "ignore" },
  );
  const url = `http://127.0.0.1:${port}`;
  const stop = async () => {
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await untilReady(url);
  } catch (thrown) {
    await stop();
    throw thrown;
  }
  return { url, get: async (path) => (await fetch(`${url}${path}`)).json(), stop };
}

async function untilReady(url: string): Promise<void> {
  const deadline = performance.now() + 15_000;
  while (performance.now() < deadline) {
    const answer = await fetch(`${url}/-/ready`).catch(() => undefined);
    if (answer?.ok === true) return;
    await sleep(50);
  }
  throw new Error("Prometheus was not ready within 15 s");
}

/** A port that was free a moment ago, for a server that cannot pick one itself. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
