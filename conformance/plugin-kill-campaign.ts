// Kills plugin processes by SIGKILL in the middle of queries, and looks how soon each fails, whether other plugins notice, and how soon the
// plugin is back. 500 kills by hand, a short campaign in the tests:
//
//   npx tsx conformance/plugin-kill-campaign.ts [KILLS]
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { call } from "./testing/call.js";
import { createDataSource, query } from "./testing/data-plane.js";
import { goTestPlugin, installGoTestPlugin, unsignedPluginsAllowed } from "./testing/install-plugin.js";
import { type StartedServer, startServer, temporaryFolder } from "./testing/start-server.js";
import { until } from "./testing/until.js";

export interface KillReport {
  readonly kills: number;
  /** From the kill to the answer of a query that was in the plugin, and to the first answer that is well again. */
  readonly slowestErrorMs: number;
  readonly slowestBackMs: number;
  /** What should not have been: an answer other than 503, a query to another plugin that failed. */
  readonly faults: readonly string[];
}

/** Only the first crash within a minute is mended at once: each plugin is killed once, and there are several. */
const pluginsAtOnce = 5;
const inFlight = 4;

export async function runKillCampaign(kills: number): Promise<KillReport> {
  const faults: string[] = [];
  let slowestErrorMs = 0;
  let slowestBackMs = 0;
  for (let done = 0; done < kills; ) {
    const ids = Array.from({ length: Math.min(pluginsAtOnce, kills - done) }, (_, index) => `acme-killed${index}-datasource`);
    const dataPath = temporaryFolder("kills");
    for (const id of ids) installCopy(dataPath, id);
    const server = await startServer({ dataPath, env: unsignedPluginsAllowed });
    try {
      for (const id of ids) await createDataSource(server, target(id));
      for (const id of ids) await until("the plugin runs", async () => ((await small(server, id)) === 200 ? true : undefined));
      for (const id of ids) {
        const { errorMs, backMs } = await killOnce({ server, dataPath, id, faults });
        slowestErrorMs = Math.max(slowestErrorMs, errorMs);
        slowestBackMs = Math.max(slowestBackMs, backMs);
      }
    } finally {
      await server.stop();
      rmSync(dataPath, { recursive: true, force: true });
    }
    done += ids.length;
  }
  return { kills, slowestErrorMs: Math.round(slowestErrorMs), slowestBackMs: Math.round(slowestBackMs), faults };
}

function installCopy(dataPath: string, id: string): void {
  installGoTestPlugin(dataPath);
  const folder = path.join(dataPath, "plugins", id);
  cpSync(path.join(dataPath, "plugins", goTestPlugin), folder, { recursive: true });
  rmSync(path.join(dataPath, "plugins", goTestPlugin), { recursive: true });
  const file = path.join(folder, "plugin.json");
  writeFileSync(file, readFileSync(file, "utf8").replaceAll(goTestPlugin, id));
}

const target = (pluginId: string) => ({ pluginId, uid: pluginId });
const small = async (server: StartedServer, id: string): Promise<number> =>
  (await query(server, target(id), [{ refId: "A", queryType: "small" }])).status;

interface Victim {
  readonly server: StartedServer;
  readonly dataPath: string;
  readonly id: string;
  readonly faults: string[];
}

async function killOnce({ server, dataPath, id, faults }: Victim): Promise<{ readonly errorMs: number; readonly backMs: number }> {
  const record = readFileSync(path.join(dataPath, "run", "plugins", `${id}.json`), "utf8");
  const { pid } = JSON.parse(record) as { readonly pid: number };
  const slow = Array.from({ length: inFlight }, async () => {
    const answer = await query(server, target(id), [{ refId: "A", queryType: "slow", delayMs: 30_000 }]);
    return { answer, at: performance.now() };
  });
  await until("the queries are in the plugin", async () => {
    const { text } = await call(`${server.url}/metrics/plugins/${id}`);
    return Number(/acme_testplugin_queries_total\{type="slow"\} (\d+)/.exec(text)?.[1]) >= inFlight ? true : undefined;
  });
  const others = new AbortController();
  const unharmed = askOthers(server, others.signal, faults);
  const killed = performance.now();
  process.kill(pid, "SIGKILL");
  const failed = await Promise.all(slow);
  for (const { answer } of failed) if (answer.status !== 503) faults.push(`${id}: ${answer.status} ${answer.text.slice(0, 200)}`);
  const status = await small(server, id);
  const backMs = performance.now() - killed;
  if (status !== 200) faults.push(`${id}: the next query was ${status}`);
  others.abort();
  await unharmed;
  return { errorMs: Math.max(...failed.map(({ at }) => at)) - killed, backMs };
}

async function askOthers({ url }: StartedServer, signal: AbortSignal, faults: string[]): Promise<void> {
  const other = `${url}/apis/testdata.datasource.grafana.app/v0alpha1/namespaces/default/datasources/testdata/query`;
  while (!signal.aborted) {
    const { status, text } = await call(other, { body: { queries: [{ refId: "A", intervalMs: 600_000 }] } });
    if (status !== 200) faults.push(`another plugin: ${status} ${text.slice(0, 200)}`);
    await sleep(20);
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(path.resolve(process.argv[1])).href) {
  const { kills, slowestErrorMs, slowestBackMs, faults } = await runKillCampaign(Number(process.argv[2] ?? 500));
  console.log(`${kills} kills: the slowest error after ${slowestErrorMs} ms, the slowest return after ${slowestBackMs} ms, ${faults.length} faults`);
  for (const fault of faults.slice(0, 20)) console.log(fault);
  process.exitCode = faults.length === 0 && slowestErrorMs <= 1000 && slowestBackMs <= 2000 ? 0 : 1;
}
