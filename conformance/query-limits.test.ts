import { readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Answer, type CallOptions, call } from "./testing/call.js";
import { createDataSource, dataSourcesUrl, query } from "./testing/data-plane.js";
import { installGoTestPlugin, needsGoTestPlugin, goTestPlugin as pluginId, unsignedPluginsAllowed } from "./testing/install-plugin.js";
import { describeWith } from "./testing/needs.js";
import { type StartedServer, startServer, temporaryFolder } from "./testing/start-server.js";
import { until } from "./testing/until.js";

describeWith([needsGoTestPlugin], "limits, breaker and shared answers, from outside", () => {
  const dataPath = temporaryFolder("query-limits");
  let server: StartedServer;

  beforeAll(async () => {
    installGoTestPlugin(dataPath);
    server = await startServer({ dataPath, env: { ...unsignedPluginsAllowed, GF_QUERY_MAX_IN_FLIGHT_PER_DATASOURCE: "2" } });
    const sources = { main: {}, cached: { queryCaching: { enabled: true, ttl: 60 } }, shared: { queryCoalescing: true } };
    for (const [uid, jsonData] of Object.entries(sources)) await createDataSource(server, { pluginId, uid, spec: { jsonData } });
  });

  afterAll(async () => {
    await server.stop();
    rmSync(dataPath, { recursive: true, force: true });
  });

  const ask = (uid: string, asked: object, options?: CallOptions): Promise<Answer> =>
    query(server, { pluginId, uid }, [{ refId: "A", ...asked }], options);
  const slow = (uid: string, delayMs: number): Promise<Answer> => ask(uid, { queryType: "slow", delayMs });
  const queriesAsked = async (type: string): Promise<number> => {
    const { text } = await call(`${server.url}/metrics/plugins/${pluginId}`);
    const series = `acme_testplugin_queries_total{type="${type}"} `;
    const line = text.split("\n").find((it) => it.startsWith(series));
    return Number(line?.slice(series.length) ?? 0);
  };

  test("a data source that has as many calls in flight as it may is 429 with the time to wait; others are not", async () => {
    const running = [slow("main", 1500), slow("main", 1500)];
    await until("both are at the plugin", async () => ((await queriesAsked("slow")) >= 2 ? true : undefined));
    const refused = await ask("main", { queryType: "small" });
    expect(refused.status).toBe(429);
    expect(refused.headers.get("retry-after")).toBe("1");
    expect(refused.json()).toMatchObject({ kind: "Status", reason: "TooManyRequests", details: { retryAfterSeconds: 1 } });
    expect(refused.text).toContain("max_in_flight_per_datasource");
    const resource = await call(`${dataSourcesUrl(server, pluginId)}/main/resources/status/200`);
    expect(resource.status).toBe(429);
    expect((await ask("cached", { queryType: "small" })).status).toBe(200);
    for (const { status } of await Promise.all(running)) expect(status).toBe(200);
    expect((await ask("main", { queryType: "small" })).status).toBe(200);
  });

  test("an answer that is kept says so, until somebody wants a fresh one or the data source changes", async () => {
    const before = await queriesAsked("rows");
    const status = async (headers: Record<string, string> = {}) => {
      const answer = await ask("cached", { queryType: "rows", rows: 1000 }, { headers });
      expect(answer.json()["results"]?.["A"]?.["frames"]).toHaveLength(1);
      return answer.headers.get("cache-status");
    };
    expect(await status()).toBe("dataplane; fwd=uri-miss; stored");
    expect(await status()).toMatch(/^dataplane; hit; ttl=\d+$/);
    expect(await status({ "x-cache-skip": "true" })).toBe("dataplane; fwd=request");
    expect(await status({ "cache-control": "no-cache" })).toBe("dataplane; fwd=request");
    expect(await status()).toBe("dataplane; fwd=uri-miss; stored");
    expect(await status()).toMatch(/^dataplane; hit/);
    expect((await queriesAsked("rows")) - before).toBe(4);
    const legacy = {
      queries: [{ refId: "A", datasource: { uid: "cached", type: pluginId }, queryType: "rows", rows: 7 }],
      from: "now-1h",
      to: "now",
    };
    const older = async () => (await call(`${server.url}/api/ds/query`, { body: legacy })).headers.get("cache-status");
    expect([await older(), await older()]).toEqual(["dataplane; fwd=uri-miss; stored", expect.stringMatching(/^dataplane; hit/)]);
    const patch = { body: { spec: { title: "renamed" } }, method: "PATCH", headers: { "content-type": "application/merge-patch+json" } };
    expect((await call(`${dataSourcesUrl(server, pluginId)}/cached`, patch)).status).toBe(200);
    expect(await status()).toBe("dataplane; fwd=uri-miss; stored");
    const error = () => ask("cached", { queryType: "error" }).then(({ headers }) => headers.get("cache-status"));
    expect([await error(), await error()]).toEqual(["dataplane; fwd=uri-miss", "dataplane; fwd=uri-miss"]);
  });

  test("identical queries in flight are one for the plugin, and take one place", async () => {
    const before = await queriesAsked("slow");
    const absolute = { body: { from: "0", to: "1000", queries: [{ refId: "A", queryType: "slow", delayMs: 500 }] } };
    const answers = await Promise.all(Array.from({ length: 10 }, () => ask("shared", {}, absolute)));
    for (const { status } of answers) expect(status).toBe(200);
    expect(answers.filter(({ headers }) => headers.get("cache-status") === "dataplane; fwd=uri-miss; collapsed")).toHaveLength(9);
    expect((await queriesAsked("slow")) - before).toBe(1);
  });

  test("a plugin that dies again and again under a data source's queries is not asked for that one, until a trial or a health check works", async () => {
    for (let kills = 0; kills < 5; kills += 1) await killUnderQuery();
    const refused = await ask("main", { queryType: "small" });
    expect(refused.status).toBe(503);
    expect(Number(refused.headers.get("retry-after"))).toBeLessThanOrEqual(5);
    expect(refused.text).toContain("failed several times in a row and is not asked for now");
    const metrics = (await call(`${server.url}/metrics`)).text;
    expect(metrics).toContain(`dataplane_breaker_opened_total{plugin_id="${pluginId}"} 1`);
    await until(
      "the plugin runs again, for another data source",
      async () => ((await ask("shared", { queryType: "small" })).status === 200 ? true : undefined),
      30_000,
    );
    expect((await call(`${dataSourcesUrl(server, pluginId)}/main/health`)).status).toBe(200);
    expect((await ask("main", { queryType: "small" })).status).toBe(200);
  });

  /** Kills the plugin while a query of `main` runs there. A query that comes before it runs again is 503 at once, and tried again. */
  async function killUnderQuery(): Promise<void> {
    for (;;) {
      const running = slow("main", 30_000);
      const early = await Promise.race([running, sleep(500)]);
      if (early === undefined) {
        const record = path.join(dataPath, "run", "plugins", `${pluginId}.json`);
        const { pid } = JSON.parse(readFileSync(record, "utf8")) as { readonly pid: number };
        process.kill(pid, "SIGKILL");
        const killed = await running;
        expect(killed.status).toBe(503);
        expect(killed.text).toContain("went away during the call");
        return;
      }
      expect(early.text).toContain("cannot be called now");
      await sleep(100);
    }
  }
});
