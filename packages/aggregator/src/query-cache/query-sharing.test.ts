import { createMetrics, silentLogger, systemClock } from "@dataplane/meta";
import { expect, test } from "vitest";
import { createCallGuard } from "../guard/create-call-guard.js";
import { anAnswer, aPlugin, type FakePluginOptions } from "../testing/a-plugin.js";
import type { Sent } from "../testing/call.js";
import { aDataPlaneService, startAggregator } from "../testing/start-aggregator.js";
import { QuerySharing } from "./query-sharing.js";

const services = [aDataPlaneService({ plugin: "p", serves: ["query"] })];
const caching = { queryCaching: { enabled: true, ttl: 10 } };

interface Parts extends Partial<FakePluginOptions> {
  readonly jsonData?: Readonly<Record<string, unknown>>;
  readonly maxBytes?: number;
  readonly cache?: boolean;
}

/** A plugin whose frames say how often it was asked. */
function start({ jsonData = {}, maxBytes = 1 << 20, cache = false, calls }: Parts = {}) {
  let nowMs = Date.UTC(2026, 0, 1);
  let asked = 0;
  const clock = { ...systemClock, now: () => new Date(nowMs) };
  const metrics = createMetrics();
  const sharing = new QuerySharing({ defaults: { coalesce: false, cache, ttlMs: 60_000 }, maxBytes, metrics, clock });
  const counting = aPlugin({
    id: "p",
    calls: calls ?? {
      queryData: ({ queries }) => {
        asked += 1;
        const frame = Buffer.from(`{"schema":{"name":"${asked}","fields":[]},"data":{"values":[]}}`);
        return Promise.resolve({ responses: Object.fromEntries(queries.map(({ refId }) => [refId, anAnswer({ frames: [frame] })])) });
      },
    },
  });
  const dataSources = ["main", "other"].map((uid) => ({ pluginId: "p", uid, jsonData }));
  const started = startAggregator({ plugins: [counting], services, dataSources, sharing, clock });
  const ask = async (sent: Sent = {}, uid = "main") => {
    const answer = await started.query("p", uid, { refId: "A" }, sent);
    return `${answer.status} ${/"name":"(\d+)"/.exec(answer.text)?.[1] ?? "-"} ${String(answer.headers["cache-status"] ?? "-")}`;
  };
  return { ...started, ask, metrics, pass: (ms: number) => (nowMs += ms) };
}

test("nothing is shared unless somebody asks for it", async () => {
  const { ask } = start();
  expect([await ask(), await ask()]).toEqual(["200 1 -", "200 2 -"]);
});

test("an answer is given again for its time, and the header says so", async () => {
  const { ask, pass, metrics } = start({ jsonData: caching });
  expect(await ask()).toBe("200 1 dataplane; fwd=uri-miss; stored");
  pass(4000);
  expect(await ask()).toBe("200 1 dataplane; hit; ttl=6");
  pass(6000);
  expect(await ask()).toBe("200 2 dataplane; fwd=uri-miss; stored");
  expect(metrics.text()).toContain('dataplane_query_cache_requests_total{result="hit"} 1');
  expect(metrics.text()).toMatch(/dataplane_query_cache_bytes [1-9]/);
});

test("the server's default caches every data source but one that says no", async () => {
  const { ask } = start({ cache: true });
  expect([await ask(), await ask()]).toEqual(["200 1 dataplane; fwd=uri-miss; stored", "200 1 dataplane; hit; ttl=60"]);
  const { ask: askOther } = start({ cache: true, jsonData: { queryCaching: { enabled: false } } });
  expect([await askOther(), await askOther()]).toEqual(["200 1 -", "200 2 -"]);
});

test("a cache of no bytes keeps nothing, whatever a data source asks for", async () => {
  const { ask } = start({ jsonData: caching, maxBytes: 0 });
  expect([await ask(), await ask()]).toEqual(["200 1 -", "200 2 -"]);
});

test("users, data sources, ranges and headers that reach the plugin keep answers apart; where a query comes from does not", async () => {
  const { ask } = start({ jsonData: { ...caching, allowedHeaders: ["X-Tenant"] } });
  await ask();
  const bob = { user: { name: "bob", groups: ["system:authenticated", "system:masters"] } };
  expect(await ask(bob)).toContain("200 2");
  expect(await ask({}, "other")).toContain("200 3");
  expect(await ask({ body: { from: "now-2h", queries: [{ refId: "A" }] } })).toContain("200 4");
  expect(await ask({ headers: { "x-tenant": "t" } })).toContain("200 5");
  expect(await ask({ body: { queries: [{ refId: "A", hidden: 1 }] } })).toContain("200 6");
  expect(await ask({ headers: { accept: "text/csv" } })).toContain("fwd=uri-miss");
  expect(await ask({ headers: { "x-query-group-id": "g", "x-dashboard-uid": "d" } })).toContain("200 1 dataplane; hit");
  expect(await ask({ body: { from: "now-6h", to: "now", queries: [{ refId: "A" }] } })).toContain("200 1 dataplane; hit");
});

test("ranges that are relative to now stay the same for the time of an answer, and others are taken as they are", async () => {
  const { ask, pass } = start({ jsonData: caching });
  const relative = { body: { from: "now-7m", to: "now", queries: [{ refId: "A" }] } };
  expect(await ask(relative)).toContain("200 1");
  pass(9999);
  expect(await ask(relative)).toContain("200 1 dataplane; hit; ttl=1");
  const absolute = (to: number) => ({ body: { from: 0, to, queries: [{ refId: "A" }] } });
  expect([await ask(absolute(1000)), await ask(absolute(1001)), await ask(absolute(1000))].join()).toMatch(/200 2 .*200 3 .*200 2 /);
  const own = { body: { queries: [{ refId: "A", timeRange: { from: "now-1m", to: "now" } }] } };
  expect(await ask(own)).toContain("200 4");
  pass(9);
  expect(await ask(own)).toContain("200 5");
});

test("a client that wants a fresh answer gets one, and nobody gets an older one after", async () => {
  const { ask } = start({ jsonData: caching });
  await ask();
  expect(await ask({ headers: { "x-cache-skip": "true" } })).toBe("200 2 dataplane; fwd=request");
  expect(await ask()).toBe("200 3 dataplane; fwd=uri-miss; stored");
  expect(await ask({ headers: { "cache-control": "no-cache" } })).toBe("200 4 dataplane; fwd=request");
  expect(await ask({ headers: { "cache-control": "private, max-age=0" } })).toBe("200 5 dataplane; fwd=request");
  expect(await ask({ headers: { "cache-control": "max-age=60", "x-cache-skip": "false" } })).toBe("200 6 dataplane; fwd=uri-miss; stored");
});

test.each([
  ["an error", { error: "no", status: 500 }],
  ["a status of failure", { status: 404 }],
  ["a broken frame", { frames: [Buffer.from("{")] }],
])("an answer with %s is not kept", async (_, answer) => {
  const { ask } = start({
    jsonData: caching,
    calls: { queryData: () => Promise.resolve({ responses: { A: anAnswer(answer) } }) },
  });
  expect([await ask(), await ask()]).toEqual(["200 - dataplane; fwd=uri-miss", "200 - dataplane; fwd=uri-miss"]);
  expect(await ask({ headers: { accept: "text/csv" } })).not.toContain("stored");
});

test("a call that failed, and a query without an answer, are not kept", async () => {
  const { ask } = start({ jsonData: caching, calls: { queryData: () => Promise.resolve({ responses: {} }) } });
  expect([await ask(), await ask()]).toEqual(["200 - dataplane; fwd=uri-miss", "200 - dataplane; fwd=uri-miss"]);
});

test("the answers that were not asked for longest make room, and none is kept that would fill the cache", async () => {
  let rows = 100;
  const { query, metrics } = start({
    jsonData: caching,
    maxBytes: 8192,
    calls: {
      queryData: () => {
        const frame = Buffer.from(
          `{"schema":{"fields":[{"name":"v"}]},"data":{"values":[[${Array.from({ length: rows }, () => "12345678").join()}]]}}`,
        );
        return Promise.resolve({ responses: { A: anAnswer({ frames: [frame] }) } });
      },
    },
  });
  const status = async (n: number) => String((await query("p", "main", { refId: "A", n })).headers["cache-status"]);
  for (const n of [1, 2, 3, 4]) expect(await status(n)).toContain("stored");
  expect(await status(1)).toContain("hit");
  for (const n of [5, 6, 7]) expect(await status(n)).toContain("stored");
  expect(await status(1)).toContain("hit");
  expect(await status(2)).toContain("uri-miss");
  expect(Number(/dataplane_query_cache_bytes (\d+)/.exec(metrics.text())?.[1])).toBeLessThanOrEqual(8192);
  rows = 1000;
  expect(await status(8)).toBe("dataplane; fwd=uri-miss");
});

test("the query service gives what is kept, under one status for all data sources", async () => {
  const { send } = start({ jsonData: caching });
  const body = {
    queries: ["main", "other"].map((uid) => ({ refId: uid, datasource: { uid, type: "p" } })),
  };
  const service = (sent: Sent = {}) => send("POST", "/apis/query.grafana.app/v0alpha1/namespaces/default/query", { body, ...sent });
  expect((await service()).headers["cache-status"]).toBe("dataplane; fwd=uri-miss; stored");
  const again = await service();
  expect(again).toMatchObject({ status: 200, headers: { "cache-status": "dataplane; hit; ttl=10" } });
  expect(again.json).toMatchObject({ results: { main: { frames: [{ schema: { name: "1" } }] }, other: { frames: [{ schema: { name: "2" } }] } } });
  const one = { queries: body.queries.slice(0, 1).concat({ refId: "new", datasource: { uid: "other", type: "p" } }) };
  expect((await service({ body: one })).headers["cache-status"]).toBe("dataplane; fwd=uri-miss; stored");
  expect((await service({ headers: { "x-cache-skip": "true" } })).headers["cache-status"]).toBe("dataplane; fwd=request");
});

/** A plugin that answers when it is told to. */
function slowPlugin() {
  const running: { readonly signal: AbortSignal; readonly answer: () => void }[] = [];
  return {
    running,
    calls: {
      queryData: (_: unknown, { signal }: { readonly signal: AbortSignal }) =>
        new Promise<{ readonly responses: Readonly<Record<string, ReturnType<typeof anAnswer>>> }>((resolve, reject) => {
          signal.addEventListener("abort", () => reject(new Error("cancelled")), { once: true });
          running.push({ signal, answer: () => resolve({ responses: { A: anAnswer() } }) });
        }),
    },
  };
}

test("identical queries in flight are one call, and each caller has the answer", async () => {
  const { running, calls } = slowPlugin();
  const { ask, pass, metrics } = start({ jsonData: { queryCoalescing: true }, calls });
  const first = ask();
  await expect.poll(() => running.length).toBe(1);
  pass(700);
  const second = ask();
  const different = ask({ user: { name: "bob", groups: ["system:authenticated", "system:masters"] } });
  const fresh = ask({ headers: { "cache-control": "no-cache" } });
  await expect.poll(() => running.length).toBe(3);
  for (const { answer } of running) answer();
  expect(await Promise.all([first, second, different, fresh])).toEqual(["200 - -", "200 - dataplane; fwd=uri-miss; collapsed", "200 - -", "200 - -"]);
  expect(metrics.text()).toContain("dataplane_queries_coalesced_total 1");
  const later = ask();
  await expect.poll(() => running.length).toBe(4);
  running[3]?.answer();
  expect(await later).toBe("200 - -");
});

test("a caller who leaves is told so at once, and cancels the call only when it is the last", async () => {
  const { running, calls } = slowPlugin();
  const { ask } = start({ jsonData: { queryCoalescing: true }, calls });
  const [one, two] = [new AbortController(), new AbortController()];
  const first = ask({ signal: one.signal });
  const second = ask({ signal: two.signal });
  await expect.poll(() => running.length).toBe(1);
  one.abort();
  expect(await first).toBe("504 - -");
  expect(running[0]?.signal.aborted).toBe(false);
  two.abort();
  expect(await second).toBe("504 - -");
  expect(running[0]?.signal.aborted).toBe(true);
  const third = ask();
  await expect.poll(() => running.length).toBe(2);
  running[1]?.answer();
  expect(await third).toBe("200 - -");
});

test("of identical misses that share a call one answer is kept, whoever of them stays", async () => {
  const { running, calls } = slowPlugin();
  const { ask } = start({ jsonData: { ...caching, queryCoalescing: true }, calls });
  const leaving = new AbortController();
  const first = ask({ signal: leaving.signal });
  const second = ask();
  await expect.poll(() => running.length).toBe(1);
  leaving.abort();
  await first;
  running[0]?.answer();
  expect(await second).toBe("200 - dataplane; fwd=uri-miss; stored; collapsed");
  expect(await ask()).toBe("200 - dataplane; hit; ttl=10");
});

test("hits and those who share a call take no place and no start", async () => {
  const clock = systemClock;
  const metrics = createMetrics();
  const one = { inFlight: 1, perSecond: 1 };
  const guard = createCallGuard({ perDataSource: one, perUser: one, callTimeoutMs: 1000, metrics, clock, logger: silentLogger });
  const sharing = new QuerySharing({ defaults: { coalesce: true, cache: true, ttlMs: 60_000 }, maxBytes: 1 << 20, metrics, clock });
  const { query } = startAggregator({ plugins: [aPlugin({ id: "p" })], services, sharing, guard });
  const statuses = (await Promise.all([1, 2, 3].map(() => query("p", "main", { refId: "A" })))).map(({ status }) => status);
  expect(statuses).toEqual([200, 200, 200]);
  expect((await query("p", "main", { refId: "A" })).status).toBe(200);
  const refused = await query("p", "main", { refId: "B" });
  expect(refused).toMatchObject({ status: 429, json: { kind: "Status", reason: "TooManyRequests", details: { retryAfterSeconds: 1 } } });
  expect(refused.headers["retry-after"]).toBe("1");
});
