import { readdirSync, rmSync } from "node:fs";
import path from "node:path";
import { afterEach, expect, test } from "vitest";
import { call } from "./testing/call.js";
import { root } from "./testing/root.js";
import { type RunningProcess, runProcess } from "./testing/run-process.js";
import { serverEnvironment, temporaryFolder, whenReady } from "./testing/start-server.js";

// Other tests run the modules as they were compiled. This is what `npm start` runs.
const running: RunningProcess[] = [];
const folders: string[] = [];
afterEach(async () => {
  for (const server of running.splice(0)) {
    server.child.kill("SIGTERM");
    await server.end;
  }
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

async function start(): Promise<string> {
  const dataPath = temporaryFolder("bundle");
  folders.push(dataPath);
  const server = runProcess(process.execPath, [path.join(root, "tools", "start.mjs")], { env: serverEnvironment(dataPath, {}) });
  running.push(server);
  return (await whenReady(server, dataPath, 200_000)).url;
}

const compiledForms = (): readonly string[] =>
  readdirSync(path.join(root, "packages", "server", "dist", "bin")).filter((name) => /^main\.cjs\.[0-9a-f]+\.compiled$/.test(name));

test("the bundle serves what it loads at first use, from the start that compiles and from the next one", { timeout: 240_000 }, async () => {
  for (let turn = 0; turn < 2; turn += 1) {
    const url = await start();
    expect(compiledForms()).toHaveLength(1);
    const yaml = await call(`${url}/api/v1/namespaces/default`, { headers: { accept: "application/yaml" } });
    expect([yaml.status, yaml.text.split("\n", 2)]).toEqual([200, ["kind: Namespace", "apiVersion: v1"]]);
    const body = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: from-yaml}\n";
    const made = await call(`${url}/api/v1/namespaces/default/configmaps`, { method: "POST", headers: { "content-type": "application/yaml" }, body });
    expect(made.status).toBe(201);
    // Nothing may listen where the example data source points, and yet a client is loaded to find out.
    const proxied = await call(`${url}/api/datasources/proxy/uid/example/api/v1/query?query=1`);
    expect([200, 502, 503]).toContain(proxied.status);
  }
});
