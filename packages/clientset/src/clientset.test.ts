import { createApiClient } from "@dataplane/client";
import { type Handler, type HttpRequest, silentLogger, systemClock } from "@dataplane/meta";
import { expect, test } from "vitest";
import { createClientset } from "./clientset.js";
import type { DataPlaneService } from "./kinds.js";

const user = { name: "tester", groups: [] };

/** Answers every request with what it was asked for. */
function recorder(answer: object): { readonly handler: Handler; readonly asked: string[] } {
  const asked: string[] = [];
  const handler = async (request: HttpRequest) => {
    let body = "";
    for await (const piece of request.body) body += Buffer.from(piece).toString();
    const query = request.query.toString();
    asked.push(`${request.method} ${request.path}${query === "" ? "" : `?${query}`} ${body}`.trim());
    return { status: 200, headers: { "content-type": "application/json" }, body: JSON.stringify(answer) };
  };
  return { handler, asked };
}

const service: DataPlaneService = {
  apiVersion: "aggregation.grafana.app/v0alpha1",
  kind: "DataPlaneService",
  metadata: { name: "v0alpha1.prometheus.grafana.app", resourceVersion: "7" },
  spec: { pluginID: "prometheus", pluginType: "datasource", group: "prometheus.grafana.app", version: "v0alpha1", services: [{ type: "query" }] },
};

test("each verb of a cluster-scoped kind goes to its path", async () => {
  const { handler, asked } = recorder(service);
  const { dataPlaneServices } = createClientset(createApiClient({ handler, user }));
  const path = "/apis/aggregation.grafana.app/v0alpha1/dataplaneservices";
  const ref = { name: service.metadata.name };
  await dataPlaneServices.create(service);
  const read = await dataPlaneServices.get(ref);
  await dataPlaneServices.update(service);
  await dataPlaneServices.patch(ref, "application/merge-patch+json", { spec: { version: "v1" } }, { fieldManager: "tests" });
  await dataPlaneServices.delete(ref);
  expect(read.spec.services.map(({ type }) => type)).toEqual(["query"]);
  expect(asked.map((line) => line.split(" ").slice(0, 2).join(" "))).toEqual([
    `POST ${path}`,
    `GET ${path}/${ref.name}`,
    `PUT ${path}/${ref.name}`,
    `PATCH ${path}/${ref.name}?fieldManager=tests`,
    `DELETE ${path}/${ref.name}`,
  ]);
});

test("data sources are addressed in their group and namespace", async () => {
  const { handler, asked } = recorder({ ...service, kind: "DataSource" });
  const sources = createClientset(createApiClient({ handler, user })).dataSources("prometheus.datasource.grafana.app");
  await sources.get({ name: "example", namespace: "default" });
  expect(asked).toEqual(["GET /apis/prometheus.datasource.grafana.app/v0alpha1/namespaces/default/datasources/example"]);
});

test("an informer lists the kind that it is of", async () => {
  const { handler, asked } = recorder({ apiVersion: "v1", kind: "List", metadata: { resourceVersion: "3" }, items: [service] });
  const informer = createClientset(createApiClient({ handler, user })).dataPlaneServices.informer({ clock: systemClock, logger: silentLogger });
  const stop = new AbortController();
  const running = informer.run(stop.signal);
  await informer.synced;
  stop.abort();
  await running;
  expect(informer.list().map(({ spec }) => spec.pluginID)).toEqual(["prometheus"]);
  expect(asked[0]).toMatch(/^GET \/apis\/aggregation\.grafana\.app\/v0alpha1\/dataplaneservices\?/);
});
