import { expect, test } from "vitest";
import { aDataPlaneService, aPlugin, startAggregator } from "../testing/start-aggregator.js";

const { send } = startAggregator({ plugins: [aPlugin({ id: "prometheus" })], services: [aDataPlaneService({ plugin: "prometheus" })] });
const path = "/apis/prometheus.grafana.app/v0alpha1/namespaces/default/datasources/main/access";

test("says what the caller may do with a data source", async () => {
  expect((await send("GET", path)).json).toEqual({
    kind: "DataSourceAccess",
    apiVersion: "prometheus.grafana.app/v0alpha1",
    metadata: { name: "main", namespace: "default" },
    permissions: { "datasources:read": true, "datasources:query": true, "datasources:write": true, "datasources:delete": true },
  });
  const other = await send("GET", path, { user: { name: "eve", groups: [] } });
  expect(other.json).toMatchObject({ permissions: { "datasources:query": false } });
});

test("a data source that is not there is 404", async () => {
  expect((await send("GET", path.replace("main", "nowhere"))).status).toBe(404);
});

test("says what the caller may do with an app", async () => {
  const service = aDataPlaneService({ plugin: "acme", pluginType: "app", group: "acme.example.com", serves: [] });
  const app = startAggregator({ plugins: [aPlugin({ id: "acme", type: "app" })], services: [service] });
  expect((await app.send("GET", "/apis/acme.example.com/v0alpha1/namespaces/default/access")).json).toEqual({
    kind: "AppAccess",
    apiVersion: "acme.example.com/v0alpha1",
    metadata: { name: "acme", namespace: "default" },
    permissions: { "plugins.app:access": true, "plugins:read": true, "plugins:write": true },
  });
});
