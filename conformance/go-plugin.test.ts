import { readdirSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Answer, call } from "./testing/call.js";
import { createDataSource, dataSourcesUrl, ownGroup, query } from "./testing/data-plane.js";
import {
  crashingPlugin,
  goTestPlugin,
  installGoTestPlugin,
  installPlugin,
  needsGoTestPlugin,
  unsignedPluginsAllowed,
} from "./testing/install-plugin.js";
import { openKubectl } from "./testing/kubectl.js";
import { describeWith, needsKubectl } from "./testing/needs.js";
import { isAlive } from "./testing/run-process.js";
import { type StartedServer, startServer, temporaryFolder } from "./testing/start-server.js";
import { until } from "./testing/until.js";

const pluginId = goTestPlugin;
const secret = "a-secret-that-is-nowhere";
const crashing = "crashing-datasource";

describeWith([needsGoTestPlugin, needsKubectl("newest")], "a plugin built with the Go SDK", () => {
  const dataPath = temporaryFolder("go-plugin");
  let server: StartedServer;

  beforeAll(async () => {
    installGoTestPlugin(dataPath);
    installPlugin(dataPath, crashing, crashingPlugin);
    server = await startServer({ dataPath, env: { ...unsignedPluginsAllowed, GF_LOG_LEVEL: "debug" } });
    await createDataSource(server, { pluginId, uid: "json", secrets: { token: secret } });
    await createDataSource(server, { pluginId, uid: "arrow", spec: { jsonData: { alwaysArrow: true } } });
  });

  afterAll(async () => {
    await server.stop();
    rmSync(dataPath, { recursive: true, force: true });
  });

  test.each([
    { name: "small", queries: [{ refId: "A", queryType: "small" }] },
    { name: "large", queries: [{ refId: "A", queryType: "large" }] },
    { name: "rows", queries: [{ refId: "A", queryType: "rows", rows: 12_345 }] },
    { name: "no rows", queries: [{ refId: "A", queryType: "rows", rows: 0 }] },
    { name: "every type of field", queries: [{ refId: "A", queryType: "types" }] },
    { name: "an error", queries: [{ refId: "A", queryType: "error" }] },
    { name: "a slow answer", queries: [{ refId: "A", queryType: "slow", delayMs: 20 }] },
    { name: "an unknown type", queries: [{ refId: "A", queryType: "unheard" }] },
    {
      name: "several at once",
      queries: [
        { refId: "A", queryType: "types" },
        { refId: "B", queryType: "error" },
        { refId: "C", queryType: "rows", rows: 3 },
      ],
    },
  ])("answers in JSON and in Arrow become the same bytes: $name", async ({ queries }) => {
    const range = { from: "1704067200000", to: "1704070800000", queries };
    const [json, arrow] = await Promise.all(["json", "arrow"].map((uid) => query(server, { pluginId, uid }, queries, { body: range })));
    expect(json?.status).toBe(200);
    expect(json?.text).toContain('"results":{"A":');
    // One comparison of two texts: a difference of megabytes would be printed for minutes.
    expect(arrow?.text === json?.text, firstDifference(json?.text ?? "", arrow?.text ?? "")).toBe(true);
  });

  test("numbers keep their digits, and what JSON cannot write is told beside", async () => {
    const { text } = await query(server, { pluginId, uid: "arrow" }, [{ refId: "A", queryType: "types" }]);
    expect(text).toContain("[-9223372036854775808,9223372036854775807]");
    expect(text).toContain("[9007199254740993,null]");
    expect(text).toContain("[0,18446744073709551615]");
    expect(text).toContain('{"NaN":[0],"NegInf":[1]}');
    expect(text).toContain('"nanos":[[0,456789]');
  });

  test("a secret reaches the plugin", async () => {
    const { text } = await query(server, { pluginId, uid: "json" }, [{ refId: "A", queryType: "echo" }]);
    expect(text).toContain(secret);
  });

  test("a secret is in no object, no log and no file", async () => {
    const objects: readonly Answer[] = await Promise.all(
      [
        dataSourcesUrl(server, pluginId),
        `${dataSourcesUrl(server, pluginId)}/json`,
        `${server.url}/apis/events.k8s.io/v1/events`,
        `${server.url}/apis/${ownGroup(pluginId)}/v0alpha1/namespaces/default/connections`,
      ].map((url) => call(url)),
    );
    for (const { status, text } of objects) {
      expect(status).toBe(200);
      expect(text).not.toContain(secret);
    }
    expect(server.log()).not.toContain(secret);
    const holders = readdirSync(dataPath, { recursive: true, encoding: "utf8", withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(entry.parentPath, entry.name))
      .filter((file) => readFileSync(file).includes(secret));
    expect(holders).toEqual([]);
  });

  test("killed during queries it fails those with a clear error, and the next ones succeed", async () => {
    const running = await pidOfPlugin();
    const slow = Array.from({ length: 8 }, () => query(server, { pluginId, uid: "json" }, [{ refId: "A", queryType: "slow", delayMs: 8_000 }]));
    await until("the queries are in the plugin", async () => {
      const { text } = await call(`${server.url}/metrics/plugins/${pluginId}`);
      const asked = /acme_testplugin_queries_total\{type="slow"\} (\d+)/.exec(text)?.[1];
      return Number(asked) >= slow.length ? true : undefined;
    });
    process.kill(running, "SIGKILL");
    for (const answer of await Promise.all(slow)) {
      expect(answer.text).toContain(`plugin \\"${pluginId}\\"`);
      expect(answer.json()).toMatchObject({ kind: "Status", code: 503, reason: "ServiceUnavailable" });
      expect(answer.status).toBe(503);
      expect(answer.headers.get("retry-after")).not.toBeNull();
    }
    // A call to a plugin that starts waits for it.
    const next = await Promise.all(Array.from({ length: 8 }, () => query(server, { pluginId, uid: "json" }, [{ refId: "A", queryType: "small" }])));
    expect(next.map(({ status }) => status)).toEqual(next.map(() => 200));
    expect(await pidOfPlugin()).not.toBe(running);
    expect(isAlive(running)).toBe(false);
  });

  test("a crash loop shows in kubectl get dps and in the conditions", { timeout: 120_000 }, async () => {
    const kubectl = openKubectl("newest", server.kubeconfig);
    const name = `v0alpha1.${ownGroup(crashing)}`;
    const why = await until(
      "the crash loop shows",
      async () => {
        const path = "{.status.conditions[?(@.type=='Available')].reason}";
        const reason = await kubectl.ok(["get", "dps", name, "-o", `jsonpath=${path}`]);
        return reason === "CrashLoopBackOff" ? reason : undefined;
      },
      90_000,
    );
    expect(why).toBe("CrashLoopBackOff");
    const row = (await kubectl.ok(["get", "dps"])).split("\n").find((line) => line.startsWith(name));
    expect(row).toMatch(/ False /);
    expect(await kubectl.ok(["get", "dps", name, "-o", "wide"])).toContain("CrashLoopBackOff");
  });

  /** The log tells the id of each process that was started. */
  function pidOfPlugin(): Promise<number> {
    return until("the plugin runs", () => {
      const started = [...server.log().matchAll(/plugin is running plugin=(\S+) pid=(\d+)/g)].filter(([, plugin]) => plugin === pluginId);
      return started.map(([, , pid]) => Number(pid)).findLast(isAlive);
    });
  }
});

function firstDifference(one: string, other: string): string {
  let at = 0;
  while (at < one.length && one[at] === other[at]) at += 1;
  return `first difference at ${at}: ${one.slice(at - 80, at + 80)} | ${other.slice(at - 80, at + 80)}`;
}
