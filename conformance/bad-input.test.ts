import { rmSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Answer, type CallOptions, call } from "./testing/call.js";
import { createDataSource, dataSourcesUrl, query } from "./testing/data-plane.js";
import {
  crashingPlugin,
  garbagePlugin,
  goTestPlugin,
  installGoTestPlugin,
  installPlugin,
  needsGoTestPlugin,
  silentPlugin,
  unsignedPluginsAllowed,
} from "./testing/install-plugin.js";
import { describeWith } from "./testing/needs.js";
import { type StartedServer, startServer, temporaryFolder } from "./testing/start-server.js";
import { until } from "./testing/until.js";

interface Case {
  readonly what: string;
  readonly body: unknown;
  readonly status: number;
  readonly reason: string;
  readonly message: string;
  readonly options?: CallOptions;
}

const form = { "content-type": "application/x-www-form-urlencoded" };
const one = { queries: [{ refId: "A", queryType: "small" }] };
const badRequest = { status: 400, reason: "BadRequest" };
const tooLarge = " ".repeat(15 * 1024 * 1024 + 1);

const queryCases: readonly Case[] = [
  { what: "malformed JSON", body: '{"queries":[{"refId":"A"', ...badRequest, message: "the body is no JSON" },
  { what: "no body", body: "", ...badRequest, message: "the body is empty" },
  { what: "no queries", body: {}, ...badRequest, message: "queries: required" },
  { what: "empty queries", body: { queries: [] }, ...badRequest, message: "queries: must not be empty" },
  { what: "a refId that is no text", body: { queries: [{ refId: 7 }] }, ...badRequest, message: "queries[0].refId: must be a string" },
  { what: "a refId that is there twice", body: { queries: [{ refId: "A" }, { refId: "A" }] }, ...badRequest, message: 'refId "A" is there twice' },
  { what: "a time that is none", body: { from: "yesterday", ...one }, ...badRequest, message: 'from: "yesterday" is no time' },
  { what: "another uid", body: { queries: [{ datasource: { uid: "other" } }] }, ...badRequest, message: 'names uid "other"' },
  { what: "another type", body: { queries: [{ datasource: { type: "prometheus" } }] }, ...badRequest, message: 'names type "prometheus"' },
  {
    what: "an expression",
    body: { queries: [{ datasource: { uid: "__expr__" } }] },
    ...badRequest,
    message: "expressions (__expr__) are not supported",
  },
  {
    what: "a wrong content type",
    body: JSON.stringify(one),
    options: { headers: { "content-type": "text/plain" } },
    status: 415,
    reason: "UnsupportedMediaType",
    message: 'must be application/json, not "text/plain"',
  },
  {
    what: "a form that a web page sends",
    body: JSON.stringify(one),
    options: { headers: { ...form, origin: "https://elsewhere.example" } },
    status: 403,
    reason: "Forbidden",
    message: "a form sent by a web page is refused",
  },
  {
    what: "another method",
    body: JSON.stringify(one),
    options: { method: "PUT" },
    status: 405,
    reason: "MethodNotAllowed",
    message: "PUT is not allowed here, only POST",
  },
  {
    what: "a body over the limit",
    body: tooLarge,
    status: 413,
    reason: "RequestEntityTooLarge",
    message: "larger than the limit of 15728640 bytes",
  },
];

const failing = { crashing: "crashing-datasource", silent: "silent-datasource", absent: "absent-datasource", garbage: "garbage-datasource" };

describeWith([needsGoTestPlugin], "bad input", () => {
  const dataPath = temporaryFolder("bad-input");
  let server: StartedServer;

  beforeAll(async () => {
    installGoTestPlugin(dataPath);
    installPlugin(dataPath, failing.crashing, crashingPlugin);
    installPlugin(dataPath, failing.silent, silentPlugin);
    installPlugin(dataPath, failing.garbage, garbagePlugin);
    installPlugin(dataPath, failing.absent);
    server = await startServer({ dataPath, env: { ...unsignedPluginsAllowed, GF_DATAPROXY_TIMEOUT: "1s", GF_PLUGINS_START_WAIT: "500ms" } });
    for (const pluginId of [goTestPlugin, ...Object.values(failing)]) await createDataSource(server, { pluginId, uid: pluginId });
  });

  afterAll(async () => {
    await server.stop();
    rmSync(dataPath, { recursive: true, force: true });
  });

  function expectStatus(answer: Answer, { status, reason, message }: Pick<Case, "status" | "reason" | "message">): void {
    expect(answer.json()).toMatchObject({
      kind: "Status",
      status: "Failure",
      code: status,
      reason,
      message: expect.stringContaining(message) as string,
    });
    expect(answer.status).toBe(status);
    expect(answer.headers.get("content-type")).toBe("application/json");
  }

  test.each(queryCases)("a query with $what is $status $reason", async ({ body, options, ...expected }) => {
    expectStatus(await call(`${dataSourcesUrl(server, goTestPlugin)}/${goTestPlugin}/query`, { body, ...options }), expected);
  });

  test("a data source that is not there is 404", async () => {
    const answer = await query(server, { pluginId: goTestPlugin, uid: "nope" }, one.queries);
    expectStatus(answer, { status: 404, reason: "NotFound", message: '"nope" not found' });
  });

  test("a query that the plugin does not know fails alone, with 200 for the rest", async () => {
    const answer = await query(server, { pluginId: goTestPlugin, uid: goTestPlugin }, [
      { refId: "A", queryType: "unheard" },
      { refId: "B", queryType: "small" },
    ]);
    expect(answer.status).toBe(200);
    expect(answer.json()).toMatchObject({
      results: { A: { error: 'unknown query type "unheard"', errorSource: "plugin", status: 400 }, B: { status: 200, frames: [{}] } },
    });
  });

  test("a dead data source is 200, its result 502 and downstream's fault", async () => {
    const created = { pluginId: "prometheus", uid: "dead" };
    await createDataSource(server, { ...created, spec: { url: "http://127.0.0.1:1" } });
    const answer = await query(server, created, [{ refId: "A", expr: "up", instant: true }]);
    expect(answer.status).toBe(200);
    expect(answer.json()).toMatchObject({ results: { A: { errorSource: "downstream", status: 502, error: expect.any(String) as string } } });
    const service = await call(`${server.url}/apis/aggregation.grafana.app/v0alpha1/dataplaneservices/v0alpha1.prometheus.datasource.grafana.app`);
    expect(service.json()).toMatchObject({
      status: { conditions: expect.arrayContaining([expect.objectContaining({ type: "Available", status: "True" })]) as unknown },
    });
  });

  test("a plugin that hangs is 504 when its time is over", async () => {
    const answer = await query(server, { pluginId: goTestPlugin, uid: goTestPlugin }, [{ queryType: "slow", delayMs: 20_000 }]);
    expectStatus(answer, { status: 504, reason: "Timeout", message: `plugin "${goTestPlugin}" did not answer in time` });
  });

  test("a plugin that answers garbage is 502", async () => {
    const answer = await until("the plugin runs", async () => {
      const first = await query(server, { pluginId: failing.garbage, uid: failing.garbage }, one.queries);
      return first.status === 503 ? undefined : first;
    });
    expectStatus(answer, { status: 502, reason: "BadGateway", message: `plugin "${failing.garbage}" failed the call` });
  });

  test("a plugin that is still starting is 503 with Retry-After, after the wait for it", async () => {
    const answer = await query(server, { pluginId: failing.silent, uid: failing.silent }, one.queries);
    expectStatus(answer, { status: 503, reason: "ServiceUnavailable", message: "cannot be called now: Starting" });
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
  });

  test.each([
    { pluginId: failing.crashing, why: "CrashLoopBackOff" },
    { pluginId: failing.absent, why: "NoExecutable" },
  ])("a plugin that is known to be down ($why) is 503 and not waited for", async ({ pluginId, why }) => {
    await until(why, async () => ((await query(server, { pluginId, uid: pluginId }, one.queries)).text.includes(why) ? true : undefined), 60_000);
    const started = performance.now();
    const answer = await query(server, { pluginId, uid: pluginId }, one.queries);
    // One that is starting is waited for 10 s.
    expect(performance.now() - started).toBeLessThan(5_000);
    expectStatus(answer, { status: 503, reason: "ServiceUnavailable", message: `plugin "${pluginId}" cannot be called now: ${why}` });
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
  });

  test("a service of a plugin that is not installed is 503 and says so", async () => {
    await createService({ pluginID: "nope" }, 201);
    const url = `${server.url}/apis/bad.example.com/v1/namespaces/default/datasources/one/query`;
    const answer = await until("the route", async () => {
      const first = await call(url, { body: one });
      return first.status === 404 ? undefined : first;
    });
    expectStatus(answer, { status: 503, reason: "ServiceUnavailable", message: 'plugin "nope" is not installed here' });
  });

  async function createService(spec: object, status: number, search = ""): Promise<Answer> {
    const answer = await call(`${server.url}/apis/aggregation.grafana.app/v0alpha1/dataplaneservices${search}`, {
      body: {
        apiVersion: "aggregation.grafana.app/v0alpha1",
        kind: "DataPlaneService",
        metadata: { name: "v1.bad.example.com" },
        spec: { pluginID: "prometheus", pluginType: "datasource", group: "bad.example.com", version: "v1", services: [{ type: "query" }], ...spec },
      },
    });
    expect(answer.text).toContain(`"kind":"${status === 201 ? "DataPlaneService" : "Status"}"`);
    expect(answer.status).toBe(status);
    return answer;
  }

  test("an unknown field of a DataPlaneService is 400 with its path, when strictness is asked for", async () => {
    const answer = await createService({ servces: [], services: [{ type: "query", pth: "x" }] }, 400, "?fieldValidation=Strict");
    const message = 'strict decoding error: unknown field "spec.servces", unknown field "spec.services[0].pth"';
    expectStatus(answer, { status: 400, reason: "BadRequest", message });
  });

  test.each([
    { what: "a type twice", spec: { services: [{ type: "query" }, { type: "query" }] }, field: "spec.services[1]" },
    { what: "a type that is none", spec: { services: [{ type: "qery" }] }, field: "spec.services[0].type" },
    { what: "a route without a path", spec: { services: [{ type: "route", method: "GET" }] }, field: "spec.services[0].path" },
    { what: "a group that is no DNS name", spec: { group: "a_b" }, field: "spec.group" },
    { what: "a version that is no DNS label", spec: { version: "V_1" }, field: "spec.version" },
    { what: "no plugin", spec: { pluginID: "" }, field: "spec.pluginID" },
  ])("a DataPlaneService with $what is 422 and names $field", async ({ spec, field }) => {
    const answer = await createService(spec, 422);
    expectStatus(answer, { status: 422, reason: "Invalid", message: field });
    expect(answer.text).toContain(`"field":"${field}"`);
  });

  test("a namespaced path of a DataPlaneService is 404", async () => {
    const answer = await call(`${server.url}/apis/aggregation.grafana.app/v0alpha1/namespaces/default/dataplaneservices`);
    expectStatus(answer, { status: 404, reason: "NotFound", message: "could not find the requested resource" });
  });
});
