import { readdirSync, readFileSync, rmSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { call } from "./testing/call.js";
import { ownGroup } from "./testing/data-plane.js";
import { installPlugin, unsignedPluginsAllowed } from "./testing/install-plugin.js";
import { type StartedServer, startServer, temporaryFolder } from "./testing/start-server.js";
import { until } from "./testing/until.js";

/** Starts, is healthy and knows no call. */
const idle = `
const { spawn } = require("node:child_process");
const http2 = require("node:http2");
const server = http2.createServer();
server.on("stream", (stream) => stream.respond({ ":status": 200, "content-type": "application/grpc", "grpc-status": "12" }, { endStream: true }));
server.listen(0, "127.0.0.1", () => console.log("1|2|tcp|127.0.0.1:" + server.address().port + "|grpc"));
`;
const seconds = `801.${process.pid}`;
const sleepers = `i=0; while [ $i -lt 10 ]; do sleep ${seconds} & setsid sleep ${seconds} & i=$((i+1)); done; wait`;

/** What each does a second after its start, again at each start. The bomb is one of 400 processes, so that the machine survives a failure. */
const evil = {
  "acme-forks-datasource": `for (let i = 0; i < 20; i += 1) spawn("/bin/sh", ["-c", ${JSON.stringify(sleepers)}], { stdio: "ignore" });`,
  "acme-allocates-datasource": "const held = []; setInterval(() => { if (held.length < 160) held.push(Buffer.alloc(64 << 20, 1)); }, 1);",
  "acme-floods-datasource": `const line = ("y".repeat(200) + "\\n").repeat(100); (function more() { process.stderr.write(line, () => setImmediate(more)); })();`,
};

const dataPath = temporaryFolder("evil-plugins");
let server: StartedServer;

beforeAll(async () => {
  for (const [id, script] of Object.entries(evil)) installPlugin(dataPath, id, `${idle}\nsetTimeout(() => { ${script} }, 1000);`);
  server = await startServer({ dataPath, env: { ...unsignedPluginsAllowed, GF_PLUGINS_MEMORY_LIMIT: "512MiB" } });
});
afterAll(async () => {
  await server.stop();
  rmSync(dataPath, { recursive: true, force: true });
});

async function eventNotes(pluginId: string): Promise<readonly string[]> {
  const { text } = await call(`${server.url}/apis/events.k8s.io/v1/namespaces/default/events`);
  const { items } = JSON.parse(text) as { readonly items: readonly { readonly note: string; readonly regarding: { readonly name: string } }[] };
  return items.filter(({ regarding }) => regarding.name === `v0alpha1.${ownGroup(pluginId)}`).map(({ note }) => note);
}

const residentBytes = (pid: number): number => Number(/^VmRSS:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) * 1024;

const sleeping = (): number =>
  readdirSync("/proc").filter((name) => {
    try {
      return readFileSync(`/proc/${name}/cmdline`, "latin1") === `sleep\0${seconds}\0`;
    } catch {
      return false;
    }
  }).length;

test.runIf(process.platform === "linux")(
  "a fork bomb, 10 GB of memory and a full stderr at once harm neither the host nor another plugin",
  async () => {
    const before = residentBytes(server.pid);
    const testdata = `${server.url}/apis/testdata.datasource.grafana.app/v0alpha1/namespaces/default/datasources/testdata/query`;
    let slowestMs = 0;
    const ask = async (): Promise<void> => {
      const begin = performance.now();
      expect((await call(testdata, { body: { queries: [{ refId: "A", intervalMs: 600_000 }] } })).status).toBe(200);
      slowestMs = Math.max(slowestMs, performance.now() - begin);
    };
    for (const [id, words] of [
      ["acme-forks-datasource", "processes, over the limit of 256"],
      ["acme-allocates-datasource", "over the limit of 512 MiB"],
    ] as const) {
      await until(`the event of ${id}`, async () => {
        await ask();
        return (await eventNotes(id)).some((note) => note.includes(words)) ? true : undefined;
      });
    }
    for (let asked = 0; asked < 50; asked += 1) await ask();
    expect(slowestMs).toBeLessThan(15_000);
    expect(residentBytes(server.pid) - before).toBeLessThan(150 << 20);
    const log = server.log();
    expect(log).toContain("the plugin logged too much; lines were dropped");
    // 200 lines a second, each of some 400 bytes as JSON.
    expect(log.length).toBeLessThan(10_000_000);
  },
  90_000,
);

test.runIf(process.platform === "linux")("when the server has stopped, nothing that they started is left", async () => {
  await server.stop();
  expect(sleeping()).toBe(0);
});
