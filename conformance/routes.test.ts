import { afterAll, beforeAll, expect, test } from "vitest";
import { type Answer, call } from "./testing/call.js";
import { type StartedServer, startServer } from "./testing/start-server.js";
import { until } from "./testing/until.js";

const rounds = 100;
const body = { queries: [{ refId: "A", scenarioId: "csv_content", csvContent: "a\n1" }] };

let server: StartedServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(async () => {
  await server.stop();
});

const services = (): string => `${server.url}/apis/aggregation.grafana.app/v0alpha1/dataplaneservices`;

const create = (group: string, spec: object = {}): Promise<Answer> =>
  call(services(), {
    body: {
      apiVersion: "aggregation.grafana.app/v0alpha1",
      kind: "DataPlaneService",
      metadata: { name: `v1.${group}` },
      spec: { pluginID: "grafana-testdata-datasource", pluginType: "datasource", group, version: "v1", services: [{ type: "query" }], ...spec },
    },
  });

const remove = (group: string): Promise<Answer> => call(`${services()}/v1.${group}`, { method: "DELETE" });

const queryIn = (group: string): Promise<Answer> => call(`${server.url}/apis/${group}/v1/namespaces/default/connections/testdata/query`, { body });

test(`a query right after the service was created is 200, ${rounds} times of ${rounds}`, async () => {
  const statuses: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const group = `g${round}.routes.example.com`;
    expect((await create(group)).status).toBe(201);
    statuses.push((await queryIn(group)).status);
    expect((await remove(group)).status).toBe(200);
  }
  expect(statuses.filter((status) => status === 200)).toHaveLength(rounds);
});

test("a deleted service's route is 404 within a second and gone from discovery; queries to another group go on", async () => {
  await create("kept.example.com");
  await create("gone.example.com");
  expect((await queryIn("gone.example.com")).status).toBe(200);
  const others: number[] = [];
  const over = new AbortController();
  const asking = (async () => {
    while (!over.signal.aborted) others.push((await queryIn("kept.example.com")).status);
  })();
  await remove("gone.example.com");
  await until("the route is gone", async () => ((await queryIn("gone.example.com")).status === 404 ? true : undefined));
  await until(
    "the group is gone from discovery",
    async () => ((await call(`${server.url}/apis`)).text.includes("gone.example.com") ? undefined : true),
    1_000,
  );
  over.abort();
  await asking;
  expect(others.length).toBeGreaterThan(0);
  expect(others.filter((status) => status !== 200)).toEqual([]);
  const source = `${server.url}/apis/testdata.datasource.grafana.app/v0alpha1/namespaces/default/datasources/testdata`;
  expect((await call(source)).status).toBe(200);
});

test("a change of the plugin is obeyed by the next request", async () => {
  const group = "changed.example.com";
  await create(group);
  expect((await queryIn(group)).status).toBe(200);
  const change = (pluginID: string): Promise<Answer> =>
    call(`${services()}/v1.${group}`, {
      method: "PATCH",
      headers: { "content-type": "application/merge-patch+json" },
      body: { spec: { pluginID } },
    });
  for (const [pluginID, status] of [
    ["prometheus", 404],
    ["grafana-testdata-datasource", 200],
    ["not-installed", 503],
  ] as const) {
    expect((await change(pluginID)).status).toBe(200);
    expect([pluginID, (await queryIn(group)).status]).toEqual([pluginID, status]);
  }
});

test("a service without queries has no query route: the delegate answers", async () => {
  const group = "unqueried.example.com";
  await create(group, { services: [{ type: "route", method: "GET", path: "x" }] });
  expect((await queryIn(group)).status).toBe(404);
});

test("of two services for one group and version the elder serves, and the later says why it does not", async () => {
  const group = "twice.example.com";
  await create(group);
  const later = await call(services(), {
    body: {
      apiVersion: "aggregation.grafana.app/v0alpha1",
      kind: "DataPlaneService",
      metadata: { name: "later" },
      spec: { pluginID: "prometheus", pluginType: "datasource", group, version: "v1", services: [{ type: "query" }] },
    },
  });
  expect(later.status).toBe(201);
  await until("the conflict shows", async () => ((await call(`${services()}/later`)).text.includes('"GroupConflict"') ? true : undefined));
  expect((await queryIn(group)).status).toBe(200);
});
