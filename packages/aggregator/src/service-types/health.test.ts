import { Buffer } from "node:buffer";
import { HealthStatus } from "@dataplane/plugin-protocol";
import { expect, test } from "vitest";
import { aDataPlaneService, aPlugin, startAggregator } from "../testing/start-aggregator.js";

const services = [aDataPlaneService({ plugin: "prometheus" })];
const path = "/apis/prometheus.grafana.app/v0alpha1/namespaces/default/datasources/main/health";

test.each([
  [200, "OK", HealthStatus.OK],
  [400, "ERROR", HealthStatus.ERROR],
  [400, "UNKNOWN", HealthStatus.UNKNOWN],
])("answers %i for %s", async (code, name, status) => {
  const checkHealth = () => Promise.resolve({ status, message: "so it is", jsonDetails: Buffer.from('{"a":1}') });
  const { send } = startAggregator({ plugins: [aPlugin({ id: "prometheus", calls: { checkHealth } })], services });
  expect(await send("GET", path)).toMatchObject({ status: code, json: { status: name, code: status, message: "so it is", details: { a: 1 } } });
});

test("details that are no JSON are left out", async () => {
  const checkHealth = () => Promise.resolve({ status: HealthStatus.OK, message: "", jsonDetails: Buffer.from("{") });
  const { send } = startAggregator({ plugins: [aPlugin({ id: "prometheus", calls: { checkHealth } })], services });
  expect((await send("GET", path)).json).toEqual({ status: "OK", code: 1, message: "" });
});

test("a plugin's metrics are passed on as text", async () => {
  const collectMetrics = () => Promise.resolve({ metrics: { prometheus: Buffer.from("up 1\n") } });
  const { send } = startAggregator({ plugins: [aPlugin({ id: "prometheus", calls: { collectMetrics } })], services });
  expect(await send("GET", "/apis/prometheus.grafana.app/v0alpha1/metrics")).toMatchObject({ status: 200, text: "up 1\n" });
});
