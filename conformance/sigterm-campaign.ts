// Ends the server by SIGTERM while queries are in their plugin, and looks whether each is answered, readyz says so at once, and no process
// and no socket is left. 100 ends by hand, one in the tests:
//
//   npx tsx conformance/sigterm-campaign.ts [ENDS]
import { readdirSync, rmSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { call } from "./testing/call.js";
import { createDataSource, query } from "./testing/data-plane.js";
import { goTestPlugin, installGoTestPlugin, unsignedPluginsAllowed } from "./testing/install-plugin.js";
import { pluginRecords } from "./testing/plugin-records.js";
import { isAlive } from "./testing/run-process.js";
import { type StartedServer, startServer, temporaryFolder } from "./testing/start-server.js";
import { until } from "./testing/until.js";

export interface SigtermReport {
  readonly ends: number;
  /** Queries that were in the plugin at the signal. */
  readonly inFlight: number;
  readonly faults: readonly string[];
}

const target = { pluginId: goTestPlugin, uid: "main" };
const inFlightEach = 20;

export async function runSigtermCampaign(ends: number): Promise<SigtermReport> {
  const faults: string[] = [];
  for (let done = 0; done < ends; done += 1) faults.push(...(await endOnce()).map((fault) => `${done}: ${fault}`));
  return { ends, inFlight: ends * inFlightEach, faults };
}

async function endOnce(): Promise<readonly string[]> {
  const [dataPath, TMPDIR] = [temporaryFolder("sigterm"), temporaryFolder("tmp")];
  installGoTestPlugin(dataPath);
  const server = await startServer({ dataPath, env: { ...unsignedPluginsAllowed, TMPDIR } });
  await createDataSource(server, target);
  await until("it runs", async () => ((await query(server, target, [{ refId: "A", queryType: "small" }])).status === 200 ? true : undefined));
  const plugins = await until("the three plugins run", () => pluginRecords(dataPath, 3));
  const answers = await queriesInFlight(server);
  const ended = server.stop();
  const faults = [...(await readinessFaults(server))];
  for (const { status, text } of await Promise.all(answers)) if (status !== 200) faults.push(`a query was ${status} ${text.slice(0, 200)}`);
  const { code, signal } = await ended;
  if (code !== 0) faults.push(`the server ended with ${String(code ?? signal)}`);
  for (const { pid, pluginId } of plugins) if (isAlive(pid)) faults.push(`${pluginId} is left`);
  for (const name of readdirSync(TMPDIR)) faults.push(`${name} is left`);
  for (const each of [dataPath, TMPDIR]) rmSync(each, { recursive: true, force: true });
  return faults;
}

async function queriesInFlight(server: StartedServer) {
  const answers = Array.from({ length: inFlightEach }, () => query(server, target, [{ refId: "A", queryType: "slow", delayMs: 800 }]));
  await until("the queries are in the plugin", async () => {
    const { text } = await call(`${server.url}/metrics/plugins/${goTestPlugin}`);
    return Number(/acme_testplugin_queries_total\{type="slow"\} (\d+)/.exec(text)?.[1]) >= inFlightEach ? true : undefined;
  });
  return answers;
}

/** The signal needs a moment to arrive, then nobody is ready; a connection that is refused says so too. */
async function readinessFaults({ url }: StartedServer): Promise<readonly string[]> {
  const isReady = async (): Promise<boolean> => (await fetch(`${url}/readyz`).catch(() => undefined))?.ok === true;
  return until("readyz fails", async () => ((await isReady()) ? undefined : []), 500).catch(() => ["readyz was ok for 500 ms more"]);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(path.resolve(process.argv[1])).href) {
  const { ends, inFlight, faults } = await runSigtermCampaign(Number(process.argv[2] ?? 100));
  console.log(`${ends} ends, ${inFlight} queries in flight, ${faults.length} faults`);
  for (const fault of faults.slice(0, 20)) console.log(fault);
  process.exitCode = faults.length === 0 ? 0 : 1;
}
