// Replaces the executable of a plugin again and again while 200 queries a second run, and counts those that fail. 100 replacements by hand,
// a short campaign in the tests:
//
//   npx tsx conformance/plugin-reload-campaign.ts [REPLACEMENTS]
import { appendFileSync, copyFileSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { createDataSource, query } from "./testing/data-plane.js";
import { goTestPlugin, installGoTestPlugin, unsignedPluginsAllowed } from "./testing/install-plugin.js";
import { type StartedServer, startServer, temporaryFolder } from "./testing/start-server.js";
import { until } from "./testing/until.js";

export interface ReloadReport {
  readonly replacements: number;
  readonly queries: number;
  /** What each failed query was answered. */
  readonly failed: readonly string[];
  /** Of the answers, in milliseconds. */
  readonly slowestMs: number;
}

const target = { pluginId: goTestPlugin, uid: "main" };
const betweenQueriesMs = 5;

/** Every second replacement also changes plugin.json. */
export async function runReloadCampaign(replacements: number): Promise<ReloadReport> {
  const dataPath = temporaryFolder("reload");
  installGoTestPlugin(dataPath);
  const server = await startServer({ dataPath, env: { ...unsignedPluginsAllowed, GF_PLUGINS_WATCH_INTERVAL: "200ms" } });
  try {
    await createDataSource(server, target);
    await until("the plugin runs", async () => ((await query(server, target, [{ queryType: "small" }])).status === 200 ? true : undefined));
    const load = startLoad(server);
    for (let done = 0; done < replacements; done += 1) await replace(dataPath, done);
    // The last process that was replaced drains under load too.
    await sleep(1000);
    return { replacements, ...(await load.stop()) };
  } finally {
    await server.stop();
    rmSync(dataPath, { recursive: true, force: true });
  }
}

function startLoad(server: StartedServer): { stop(): Promise<Omit<ReloadReport, "replacements">> } {
  const failed: string[] = [];
  const pending: Promise<void>[] = [];
  let slowestMs = 0;
  const ask = async (): Promise<void> => {
    const begin = performance.now();
    try {
      const answer = await query(server, target, [{ refId: "A", queryType: "small" }]);
      if (answer.status !== 200 || !answer.text.includes('"status":200')) failed.push(`${answer.status} ${answer.text.slice(0, 300)}`);
    } catch (error) {
      failed.push(String(error));
    }
    slowestMs = Math.max(slowestMs, performance.now() - begin);
  };
  // By what the time owes: a busy machine runs timers late.
  const start = performance.now();
  const timer = setInterval(() => {
    while (pending.length * betweenQueriesMs < performance.now() - start) pending.push(ask());
  }, betweenQueriesMs);
  return {
    async stop() {
      clearInterval(timer);
      await Promise.all(pending);
      return { queries: pending.length, failed, slowestMs: Math.round(slowestMs) };
    },
  };
}

/** As installers do: a whole file in the place of another. Resolves when another process runs. */
async function replace(dataPath: string, turn: number): Promise<void> {
  const folder = path.join(dataPath, "plugins", goTestPlugin);
  const executable = path.join(folder, readdirSync(folder).find((name) => name.startsWith("gpx_") && !/\.(new|sources)$/.test(name)) ?? "");
  const before = pidOfPlugin(dataPath);
  if (turn % 2 === 1) appendFileSync(path.join(folder, "plugin.json"), " ");
  copyFileSync(executable, `${executable}.new`);
  renameSync(`${executable}.new`, executable);
  await until("another process of the plugin", () => (pidOfPlugin(dataPath) === before ? undefined : true));
}

function pidOfPlugin(dataPath: string): number | undefined {
  try {
    return (JSON.parse(readFileSync(path.join(dataPath, "run", "plugins", `${goTestPlugin}.json`), "utf8")) as { readonly pid: number }).pid;
  } catch {
    return undefined;
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(path.resolve(process.argv[1])).href) {
  const report = await runReloadCampaign(Number(process.argv[2] ?? 100));
  console.log(
    `${report.replacements} replacements, ${report.queries} queries, ${report.failed.length} failed, the slowest took ${report.slowestMs} ms`,
  );
  for (const each of report.failed.slice(0, 20)) console.log(each);
  process.exitCode = report.failed.length === 0 ? 0 : 1;
}
