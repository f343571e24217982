import { existsSync, rmSync } from "node:fs";
import path from "node:path";
import { goTestPlugin } from "../../conformance/testing/install-plugin.js";
import { freePort } from "../../conformance/testing/prometheus.js";
import { tools } from "../../conformance/testing/root.js";
import { bareEnvironment, type RunningProcess, runProcess } from "../../conformance/testing/run-process.js";
import { temporaryFolder } from "../../conformance/testing/start-server.js";
import { until } from "../../conformance/testing/until.js";
import { childOf } from "../measure/process-usage.js";
import { stopProcess } from "../measure/start-ours.js";
import { type Contestant, pluginCommand } from "./contestant.js";

const built = path.join(tools, "peers");
const group = "testplugin.acme.example.com";

/** Whether bench/peers/grafana-aggregator/build.sh was run. */
export const standInIsBuilt = (): boolean => existsSync(path.join(built, "aggregator-standin")) && existsSync(path.join(built, "etcd"));

/** The Go stand-in with its etcd, and one DataPlaneService for the test plugin. */
export async function startStandIn(): Promise<Contestant> {
  const data = temporaryFolder("etcd");
  const { etcd, endpoint } = await startEtcd(data);
  const listen = `127.0.0.1:${await freePort()}`;
  const plugin = path.join(tools, "testplugin", goTestPlugin, "gpx_testplugin_linux_amd64");
  const parameters = ["-listen", listen, "-etcd", endpoint, "-plugin", `${goTestPlugin}=${plugin}`];
  const server = runProcess(path.join(built, "aggregator-standin"), parameters, { env: bareEnvironment() });
  await ready(server, `http://${listen}/readyz`);
  await register(`http://${listen}`);
  return {
    name: "go-stand-in",
    url: `http://${listen}/apis/${group}/v0alpha1/namespaces/default/datasources/abc/query`,
    serverPid: server.pid,
    pluginPid: childOf(server.pid, pluginCommand),
    async stop() {
      await stopProcess(server);
      await stopProcess(etcd);
      rmSync(data, { recursive: true, force: true });
    },
  };
}

async function startEtcd(data: string): Promise<{ readonly etcd: RunningProcess; readonly endpoint: string }> {
  const endpoint = `http://127.0.0.1:${await freePort()}`;
  const peer = `http://127.0.0.1:${await freePort()}`;
  const flags = {
    "data-dir": data,
    "log-level": "warn",
    "listen-client-urls": endpoint,
    "advertise-client-urls": endpoint,
    "listen-peer-urls": peer,
    "initial-advertise-peer-urls": peer,
    "initial-cluster": `default=${peer}`,
  };
  const parameters = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value]);
  const etcd = runProcess(path.join(built, "etcd"), parameters, { env: bareEnvironment() });
  await ready(etcd, `${endpoint}/health`);
  return { etcd, endpoint };
}

/** Waits for 200 at the URL; throws with what the process printed when it ended or did not answer in time. */
async function ready(running: RunningProcess, url: string): Promise<void> {
  try {
    await until(url, async () => ((await fetch(url)).ok ? true : undefined));
  } catch (cause) {
    throw new Error(`it does not answer: ${running.stderr()}`, { cause });
  }
}

async function register(url: string): Promise<void> {
  const response = await fetch(`${url}/apis/aggregation.grafana.app/v0alpha1/dataplaneservices`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      apiVersion: "aggregation.grafana.app/v0alpha1",
      kind: "DataPlaneService",
      metadata: { name: `v0alpha1.${group}` },
      spec: { pluginID: goTestPlugin, pluginType: "datasource", group, version: "v0alpha1", services: [{ type: "query" }] },
    }),
  });
  if (!response.ok) throw new Error(`the stand-in refused its service: ${await response.text()}`);
}
