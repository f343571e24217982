// Kills the server by SIGKILL, looks how soon its plugins end though nobody starts it again, then starts it and looks whether their sockets
// are gone. 100 kills by hand, two in the tests:
//
//   npx tsx conformance/host-kill-campaign.ts [KILLS]
import { existsSync, readdirSync, rmSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { goTestPlugin, installGoTestPlugin, unsignedPluginsAllowed } from "./testing/install-plugin.js";
import { pluginRecords } from "./testing/plugin-records.js";
import { isAlive } from "./testing/run-process.js";
import { startServer, temporaryFolder } from "./testing/start-server.js";
import { until } from "./testing/until.js";

export interface HostKillReport {
  readonly kills: number;
  /** From the kill to the end of the last plugin, with the server left dead. */
  readonly slowestEndMs: number;
  /** A plugin that stayed, a socket that was left after the next start. */
  readonly faults: readonly string[];
}

const mayTakeMs = 10_000;

/** Two bundled plugins, which watch their host, and one of the official Go SDK, which does not. */
export async function runHostKillCampaign(kills: number): Promise<HostKillReport> {
  const dataPath = temporaryFolder("host-kills");
  const TMPDIR = temporaryFolder("tmp");
  installGoTestPlugin(dataPath);
  const start = () => startServer({ dataPath, env: { ...unsignedPluginsAllowed, TMPDIR } });
  const faults: string[] = [];
  let slowestEndMs = 0;
  let server = await start();
  for (let done = 0; done < kills; done += 1) {
    const plugins = await until("the three plugins run", () => pluginRecords(dataPath, 3));
    if (!plugins.some(({ pluginId }) => pluginId === goTestPlugin)) faults.push(`${done}: the Go plugin does not run`);
    await server.kill();
    const killed = performance.now();
    const left = () => plugins.filter(({ pid }) => isAlive(pid)).map(({ pluginId }) => pluginId);
    await until("the plugins have ended", () => (left().length === 0 ? true : undefined), mayTakeMs).catch(() =>
      faults.push(`${done}: ${left().join()} stayed`),
    );
    slowestEndMs = Math.max(slowestEndMs, performance.now() - killed);
    server = await start();
    for (const { socketDirectory } of plugins) if (existsSync(socketDirectory)) faults.push(`${done}: ${socketDirectory} is left`);
  }
  await server.stop();
  for (const name of readdirSync(TMPDIR)) faults.push(`${name} is left`);
  for (const each of [dataPath, TMPDIR]) rmSync(each, { recursive: true, force: true });
  return { kills, slowestEndMs: Math.round(slowestEndMs), faults };
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(path.resolve(process.argv[1])).href) {
  const { kills, slowestEndMs, faults } = await runHostKillCampaign(Number(process.argv[2] ?? 100));
  console.log(`${kills} kills: the last plugin ended after ${slowestEndMs} ms at most, ${faults.length} faults`);
  for (const fault of faults.slice(0, 20)) console.log(fault);
  process.exitCode = faults.length === 0 ? 0 : 1;
}
