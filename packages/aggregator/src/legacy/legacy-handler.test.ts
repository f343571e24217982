import { Buffer } from "node:buffer";
import { createApiClient } from "@dataplane/client";
import { dataPlaneUser, notFound, silentLogger, systemClock } from "@dataplane/meta";
import { expect, test } from "vitest";
import type { PluginContexts } from "../plugin-contexts.js";
import { aPlugin, aPluginSource } from "../testing/a-plugin.js";
import { call } from "../testing/call.js";
import { knownDataSources } from "../testing/known-data-sources.js";
import { type LegacyOptions, legacyHandler } from "./legacy-handler.js";

const prometheus = aPlugin({ id: "prometheus", answers: { F: { error: "no", status: 400, errorSource: "downstream" } } });
const loki = aPlugin({
  id: "loki",
  calls: {
    async *callResource({ method, path }) {
      yield await Promise.resolve({ code: 200, headers: {}, body: Buffer.from(`${method} ${path}`) });
    },
    collectMetrics: () => Promise.resolve({ metrics: { prometheus: Buffer.from("up 1\n") } }),
  },
});
const asked: string[] = [];

const options: LegacyOptions = {
  plugins: aPluginSource([prometheus, loki]),
  contexts: knownDataSources([
    { pluginId: "prometheus", uid: "p1" },
    { pluginId: "loki", uid: "l1" },
    { pluginId: "loki", uid: "l2", namespace: "org-2" },
  ]),
  limits: { bodyBytes: 1e6, callTimeoutMs: 1000 },
  clock: systemClock,
  logger: silentLogger,
  authorizer: {
    authorize: (user, { verb, group, resource, subresource, namespace, name }) => {
      asked.push(`${verb} ${group} ${namespace} ${resource}/${name}/${subresource}`);
      return { allowed: user.name === "admin" || name !== "p1", reason: "" };
    },
  },
  client: createApiClient({ handler: () => Promise.reject(notFound("paths", "this")), user: dataPlaneUser }),
  server: { version: "1.2.3", commit: "abc", reload: () => Promise.resolve() },
  delegate: () => Promise.reject(notFound("paths", "this")),
};

const handler = legacyHandler(options);

const query = (queries: readonly object[], sent = {}) => call(handler, "POST", "/api/ds/query", { body: { queries }, ...sent });

test("queries of several data sources are answered together", async () => {
  asked.length = 0;
  const response = await query([
    { refId: "B", datasource: { uid: "l1", type: "loki" } },
    { refId: "A", datasource: { uid: "p1" } },
  ]);
  expect(response.status).toBe(200);
  expect(response.json).toMatchObject({ results: { A: { status: 200 }, B: { status: 200 } } });
  expect(asked).toEqual([
    "create loki.datasource.grafana.app default datasources/l1/query",
    "create prometheus.datasource.grafana.app default datasources/p1/query",
  ]);
});

test("one failed result makes it 400, as in Grafana", async () => {
  const response = await query([{ refId: "F", datasource: { uid: "p1", type: "prometheus" } }]);
  expect(response).toMatchObject({ status: 400, json: { results: { F: { error: "no", status: 400 } } } });
});

test("each data source is authorized before any is asked", async () => {
  const before = loki.received.length;
  const queries = [
    { refId: "A", datasource: { uid: "l1", type: "loki" } },
    { refId: "B", datasource: { uid: "p1", type: "prometheus" } },
  ];
  const response = await query(queries, { user: { name: "eve", groups: [] } });
  expect(response).toMatchObject({ status: 403, json: { statusCode: 403, messageId: "auth.forbidden", traceID: "" } });
  expect(loki.received).toHaveLength(before);
});

test("the organisation's number chooses the namespace", async () => {
  expect((await query([{ datasource: { uid: "l2" } }])).status).toBe(404);
  expect((await query([{ datasource: { uid: "l2" } }], { headers: { "x-grafana-org-id": "2" } })).status).toBe(200);
  expect((await query([{ datasource: { uid: "l2" } }], { headers: { "x-grafana-org-id": "x" } })).status).toBe(400);
});

test("a query that names no data source is 400", async () => {
  expect((await query([{ refId: "A" }])).json).toMatchObject({ statusCode: 400, message: 'query "A": datasource.uid: required' });
});

test("health of a data source by its uid, of the server, and anything else", async () => {
  expect((await call(handler, "GET", "/api/datasources/uid/p1/health")).json).toMatchObject({ status: "OK" });
  expect((await call(handler, "GET", "/api/health")).json).toEqual({ database: "ok", version: "1.2.3", commit: "abc" });
  expect((await call(handler, "HEAD", "/api/health")).status).toBe(200);
  expect((await call(handler, "GET", "/api/other")).status).toBe(404);
});

test("another method of a known path is 405 with Allow", async () => {
  expect(await call(handler, "GET", "/api/ds/query")).toMatchObject({ status: 405, headers: { allow: "POST" } });
  expect(await call(handler, "POST", "/api/datasources/uid/p1/health")).toMatchObject({ status: 405, headers: { allow: "GET" } });
});

test("resources of a data source by its uid, authorized by method, and a plugin's metrics", async () => {
  asked.length = 0;
  expect((await call(handler, "DELETE", "/api/datasources/uid/l1/resources/a/b?c=d")).text).toBe("DELETE a/b");
  expect(asked).toEqual(["delete loki.datasource.grafana.app default datasources/l1/resources"]);
  expect((await call(handler, "GET", "/metrics/plugins/loki")).text).toBe("up 1\n");
  expect((await call(handler, "GET", "/metrics/plugins/none")).status).toBe(404);
});

test("a data source that is named by its uid alone is looked for once, and found again where it moved to", async () => {
  const owner = { pluginId: "loki" };
  const tried: string[] = [];
  const known = (): PluginContexts => knownDataSources([{ ...owner, uid: "u" }]);
  const contexts: PluginContexts = {
    ...known(),
    forDataSource: (key, user, signal) => {
      tried.push(key.pluginId);
      return known().forDataSource(key, user, signal);
    },
  };
  const moving = legacyHandler({ ...options, contexts });
  const ask = async (): Promise<readonly string[]> => {
    tried.length = 0;
    expect((await call(moving, "GET", "/api/datasources/uid/u/health")).status).toBe(200);
    return tried;
  };
  expect(await ask()).toEqual(["prometheus", "loki", "loki"]);
  expect(await ask()).toEqual(["loki", "loki"]);
  owner.pluginId = "prometheus";
  expect(await ask()).toEqual(["loki", "prometheus", "prometheus"]);
});
