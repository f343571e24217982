import { Buffer } from "node:buffer";
import { ApiError } from "@dataplane/meta";
import { HealthStatus } from "@dataplane/plugin-protocol";
import { expect, test } from "vitest";
import type { CallGuard } from "../call-guard.js";
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

test("an app is asked with its settings; its status is that of the answer", async () => {
  const asked: unknown[] = [];
  const checkHealth: NonNullable<Parameters<typeof aPlugin>[0]["calls"]>["checkHealth"] = (request) => {
    asked.push(request.pluginContext);
    return Promise.resolve({ status: HealthStatus.OK, message: "well", jsonDetails: new Uint8Array() });
  };
  const service = aDataPlaneService({ plugin: "acme", pluginType: "app", group: "acme.example.com", serves: [] });
  const { send } = startAggregator({ plugins: [aPlugin({ id: "acme", type: "app", calls: { checkHealth } })], services: [service] });
  const appPath = "/apis/acme.example.com/v0alpha1/namespaces/org-7/health";
  expect(await send("GET", appPath)).toMatchObject({ status: 200, json: { status: "OK", message: "well" } });
  expect(asked).toMatchObject([{ namespace: "org-7", pluginId: "acme", appInstanceSettings: {} }]);
  expect(await send("POST", appPath)).toMatchObject({ status: 405, headers: { allow: "GET" } });
});

test("a check is made while the breaker is open, and only one that finds the data source well closes it", async () => {
  const closed: unknown[] = [];
  const guard: CallGuard = {
    run: () => Promise.reject(new ApiError("ServiceUnavailable", "open")),
    worked: (target) => closed.push(target),
  };
  let status: HealthStatus = HealthStatus.ERROR;
  const checkHealth = () => Promise.resolve({ status, message: "", jsonDetails: new Uint8Array() });
  const { send } = startAggregator({ plugins: [aPlugin({ id: "prometheus", calls: { checkHealth } })], services, guard });
  expect((await send("GET", path)).status).toBe(400);
  expect(closed).toEqual([]);
  status = HealthStatus.OK;
  expect((await send("GET", path)).status).toBe(200);
  expect(closed).toEqual([{ pluginId: "prometheus", namespace: "default", uid: "main" }]);
});
