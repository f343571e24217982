import { rmSync } from "node:fs";
import path from "node:path";
import { admin, call } from "../../conformance/testing/call.js";
import { dataSourcesUrl, ownGroup, query } from "../../conformance/testing/data-plane.js";
import { goTestPlugin, unsignedPluginsAllowed } from "../../conformance/testing/install-plugin.js";
import { tools } from "../../conformance/testing/root.js";
import { temporaryFolder, whenReady } from "../../conformance/testing/start-server.js";
import { until } from "../../conformance/testing/until.js";
import { childOf } from "../measure/process-usage.js";
import { startOurs, stopProcess } from "../measure/start-ours.js";
import { type Contestant, pluginCommand } from "./contestant.js";

/** Our server with its defaults, but for what `env` says: log-in, authorization, secrets and all. */
export async function startOurServer(env: NodeJS.ProcessEnv = {}): Promise<Contestant> {
  const dataPath = temporaryFolder("bench");
  const plugins = { ...unsignedPluginsAllowed, GF_PATHS_PLUGINS: path.join(tools, "testplugin"), ...linkOfEnvironment() };
  const running = startOurs(dataPath, { ...plugins, ...env });
  const server = await whenReady(running, dataPath);
  const target = { pluginId: goTestPlugin, uid: "abc" };
  await createDataSource(dataSourcesUrl(server, goTestPlugin), target.uid);
  // The managed service of the plugin comes after /readyz, when the plugin has started.
  await until("the first query is answered", async () => {
    const first = await query(server, target, [{ refId: "A", queryType: "small" }]);
    if (first.status !== 200) throw new Error(`our server answered ${first.status}: ${first.text}`);
    return true;
  });
  return {
    name: "data-plane-aggregator",
    url: `${dataSourcesUrl(server, goTestPlugin)}/${target.uid}/query`,
    authorization: admin,
    serverPid: running.pid,
    pluginPid: childOf(running.pid, pluginCommand),
    async stop() {
      await stopProcess(running);
      rmSync(dataPath, { recursive: true, force: true });
    },
  };
}

/** As the stand-in's fixed one: with a URL, and one secret. */
async function createDataSource(url: string, name: string): Promise<void> {
  const created = await call(url, {
    body: {
      apiVersion: `${ownGroup(goTestPlugin)}/v0alpha1`,
      kind: "DataSource",
      metadata: { name },
      spec: { title: name, url: "http://127.0.0.1:9090", jsonData: { a: 1 } },
      secure: { token: { create: "s3cret" } },
    },
  });
  if (created.status !== 201) throw new Error(`data source: ${created.text}`);
}

/** GF_PLUGINS_LINK=grpc-js measures the other link, GF_PLUGINS_AUTO_MTLS=false plaintext. */
const linkOfEnvironment = (): NodeJS.ProcessEnv => Object.fromEntries(Object.entries(process.env).filter(([name]) => name.startsWith("GF_PLUGINS_")));
