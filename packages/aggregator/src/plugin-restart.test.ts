import { notFound } from "@dataplane/meta";
import type { Plugin } from "@dataplane/plugin-host";
import { expect, test } from "vitest";
import { pluginRestartHandler } from "./plugin-restart.js";
import { aDataPlaneService } from "./testing/a-data-plane-service.js";
import { aPlugin, aPluginSource } from "./testing/a-plugin.js";
import { call } from "./testing/call.js";

const service = aDataPlaneService({ plugin: "prometheus" });
const { name } = service.metadata;
const path = `/apis/aggregation.grafana.app/v0alpha1/dataplaneservices/${name}/restart`;

function handlerOf(plugin?: Plugin) {
  return pluginRestartHandler({
    delegate: () => Promise.reject(notFound("next", "server")),
    services: { get: (asked) => (asked === name ? service : undefined) },
    plugins: aPluginSource(plugin === undefined ? [] : [plugin]),
  });
}

test("a POST restarts the plugin of the service, and says so", async () => {
  let restarts = 0;
  const restart = (): Promise<void> => {
    restarts += 1;
    return Promise.resolve();
  };
  const plugin = { ...aPlugin({ id: "prometheus" }), restart };
  const answer = await call(handlerOf(plugin), "POST", path);
  expect(answer.status).toBe(200);
  expect(answer.json).toMatchObject({ kind: "Status", status: "Success", message: 'plugin "prometheus" is restarted' });
  expect(restarts).toBe(1);
});

test("a plugin that does not come up is 503 with the reason, and Retry-After", async () => {
  const plugin = { ...aPlugin({ id: "prometheus" }), restart: () => Promise.reject(new Error("exited with code 3")) };
  const answer = await call(handlerOf(plugin), "POST", path);
  expect(answer.status).toBe(503);
  expect(answer.headers["retry-after"]).toBe("5");
  expect(answer.json).toMatchObject({ reason: "ServiceUnavailable", message: expect.stringContaining("exited with code 3") as unknown });
});

test("who goes away does not wait, and the restart goes on", async () => {
  const plugin = { ...aPlugin({ id: "prometheus" }), restart: () => new Promise<void>(() => undefined) };
  const answer = await call(handlerOf(plugin), "POST", path, { signal: AbortSignal.abort() });
  expect(answer.status).toBe(503);
});

test.each([
  ["GET", path, 405],
  ["POST", path.replace(name, "absent"), 404],
  ["POST", path, 409],
])("%s %s is %i", async (method, url, status) => {
  expect((await call(handlerOf(), method, url)).status).toBe(status);
});

test.each([`${path}/more`, path.replace("/restart", ""), path.replace("/restart", "/status"), path.replace("aggregation", "another")])(
  "%s is the next server's",
  async (url) => {
    expect((await call(handlerOf(aPlugin({ id: "prometheus" })), "POST", url)).json).toMatchObject({
      message: expect.stringContaining("next") as unknown,
    });
  },
);
