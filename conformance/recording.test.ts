import { readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import { call } from "./testing/call.js";
import { createDataSource, ownGroup, query } from "./testing/data-plane.js";
import { goTestPlugin, installGoTestPlugin, needsGoTestPlugin, unsignedPluginsAllowed } from "./testing/install-plugin.js";
import { describeWith } from "./testing/needs.js";
import { root } from "./testing/root.js";
import { bareEnvironment, runProcess } from "./testing/run-process.js";
import { type StartedServer, startServer, temporaryFolder } from "./testing/start-server.js";

const secret = "canary-that-is-nowhere-else";
const pluginId = goTestPlugin;
const queries = ["types", "small", "error", "echo"].map((queryType) => ({ refId: queryType, queryType }));
const range = { from: "1704067200000", to: "1704070800000", queries };

/** What the server says of the data source, and by what status. Times of the answers may differ, texts may not. */
async function ask(server: StartedServer): Promise<readonly string[]> {
  const dataSource = `${server.url}/apis/${ownGroup(pluginId)}/v0alpha1/namespaces/default/datasources/one`;
  const answers = [
    await query(server, { pluginId, uid: "one" }, queries, { body: range }),
    await call(`${dataSource}/health`),
    await call(`${dataSource}/resources/chunks/3`),
  ];
  return answers.map(({ status, text }) => `${status} ${text}`);
}

describeWith([needsGoTestPlugin], "[plugin.<id>] record, and dataplane plugins replay", () => {
  const folder = temporaryFolder("recording");
  const recording = path.join(folder, "calls.jsonl");
  const servers: StartedServer[] = [];

  afterAll(async () => {
    for (const server of servers) await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function start(dataPath: string, parameters: readonly string[] = []): Promise<StartedServer> {
    const server = await startServer({ dataPath, env: unsignedPluginsAllowed, parameters });
    servers.push(server);
    await createDataSource(server, { pluginId, uid: "one", secrets: { token: secret } });
    return server;
  }

  test("a server without the plugin gives the answers that one with it gave, from a file without secrets", async () => {
    const live = path.join(folder, "live");
    installGoTestPlugin(live);
    const server = await start(live, [`cfg:plugin.${pluginId}.record=${recording}`]);
    const answers = await ask(server);
    expect(answers.map((answer) => answer.slice(0, 3))).toEqual(["200", "200", "200"]);
    expect(answers[0]).toContain(secret);
    await server.stop();
    expect(readFileSync(recording, "utf8")).not.toContain(secret);
    expect(server.log()).not.toContain(secret);

    const replayed = path.join(folder, "replayed");
    const out = path.join(replayed, "plugins", "recorded");
    const command = [path.join(root, "packages/cli/bin/dataplane.mjs"), "plugins", "replay", recording, "--out", out];
    const running = runProcess(process.execPath, command, { env: bareEnvironment() });
    expect(await running.end, running.stderr()).toMatchObject({ code: 0 });
    const again = await ask(await start(replayed));
    expect(again).toEqual(answers.map((answer) => answer.replaceAll(secret, "*".repeat(secret.length))));
  });
});
