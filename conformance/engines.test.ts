import { readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { call } from "./testing/call.js";
import { databaseEngines, type RunningDatabase } from "./testing/databases.js";
import { openKubectl } from "./testing/kubectl.js";
import { describeWith, needsKubectl, needsPrometheus } from "./testing/needs.js";
import { type RunningPrometheus, startPrometheus } from "./testing/prometheus.js";
import { root } from "./testing/root.js";
import { type StartedServer, startServer, temporaryFolder } from "./testing/start-server.js";
import { until } from "./testing/until.js";

const definition = (plural: string, kind: string): object => ({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: `${plural}.engines.example.com` },
  spec: {
    group: "engines.example.com",
    scope: "Namespaced",
    names: { plural, kind },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: "object", properties: { spec: { type: "object", properties: { size: { type: "integer" } } } } } },
      },
    ],
  },
});

const widget = (name: string, size: number): object => ({
  apiVersion: "engines.example.com/v1",
  kind: "Widget",
  metadata: { name },
  spec: { size },
});

describeWith([needsPrometheus, needsKubectl("newest")], "a server on each engine", () => {
  let prometheus: RunningPrometheus;
  beforeAll(async () => {
    prometheus = await startPrometheus();
  });
  afterAll(() => prometheus.stop());

  for (const engine of databaseEngines) {
    const { name, needs } = engine;
    test(`${name}: the first example, a CRD with its watch, a database that dies, and a server that starts again`, {
      timeout: 180_000,
    }, async (context) => {
      const database = await engine.start();
      if (database === undefined) return context.skip(`needs ${needs}`);
      const dataPath = temporaryFolder("engine");
      try {
        await useServer(database, dataPath, prometheus);
      } finally {
        await database.stop();
        rmSync(dataPath, { recursive: true, force: true });
      }
    });
  }
});

async function useServer(database: RunningDatabase, dataPath: string, prometheus: RunningPrometheus): Promise<void> {
  const options = { dataPath, env: { ...database.env, PROMETHEUS_URL: prometheus.url } };
  const server = await startServer(options);
  try {
    await firstExample(server);
    await watchedObjects(server, database);
  } finally {
    await server.stop();
  }
  const again = await startServer(options);
  try {
    expect(await queryStatus(again)).toBe(200);
    const kubectl = openKubectl("newest", again.kubeconfig);
    expect(await kubectl.ok(["get", "widgets", "-o", "jsonpath={.items[*].spec.size}"])).toBe("2 5 7");
  } finally {
    await again.stop();
  }
}

const queryStatus = async ({ url }: StartedServer): Promise<number> => {
  const body = readFileSync(path.join(root, "examples/datasource-query.json"), "utf8");
  return (await call(`${url}/apis/prometheus.grafana.app/v0alpha1/namespaces/default/connections/example/query`, { body })).status;
};

async function firstExample(server: StartedServer): Promise<void> {
  const kubectl = openKubectl("newest", server.kubeconfig);
  const service = "dataplaneservice.aggregation.grafana.app/v0alpha1.prometheus.grafana.app";
  const apply = ["apply", "-f", path.join(root, "examples/datasource.yml")];
  expect(await kubectl.ok(apply)).toBe(`${service} created\n`);
  expect(await kubectl.ok(apply)).toBe(`${service} unchanged\n`);
  expect(await until("the query is routed", async () => ((await queryStatus(server)) === 200 ? 200 : undefined))).toBe(200);
}

async function watchedObjects(server: StartedServer, database: RunningDatabase): Promise<void> {
  const kubectl = openKubectl("newest", server.kubeconfig);
  await kubectl.ok(["apply", "-f", "-"], { stdin: JSON.stringify(definition("widgets", "Widget")) });
  await kubectl.ok(["wait", "--for=condition=Established", "crd/widgets.engines.example.com", "--timeout=10s"]);
  const apply = (name: string, size: number): Promise<string> => kubectl.ok(["apply", "-f", "-"], { stdin: JSON.stringify(widget(name, size)) });
  await apply("a", 1);
  const watch = kubectl.start([
    "get",
    "widgets",
    "--watch",
    "--output-watch-events",
    "-o",
    "custom-columns=TYPE:.type,NAME:.object.metadata.name,SIZE:.object.spec.size",
    "--no-headers",
  ]);
  const seen = (): string[] =>
    watch
      .stdout()
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => line.trim().replaceAll(/\s+/g, " "));
  try {
    await until("the watch began", () => (seen().length > 0 ? true : undefined));
    await apply("a", 2);
    await apply("b", 5);
    await apply("c", 6);
    await kubectl.ok(["delete", "widget", "c"]);
    await database.crash();
    await until("a write after the database died", async () => ((await call(`${server.url}/readyz`)).status === 200 ? true : undefined));
    await apply("d", 7);
    await until("the watch saw all", () => (seen().length >= 6 ? true : undefined));
    expect(seen()).toEqual(["ADDED a 1", "MODIFIED a 2", "ADDED b 5", "ADDED c 6", "DELETED c 6", "ADDED d 7"]);
  } finally {
    watch.child.kill("SIGTERM");
    await watch.end;
  }
}
