import { createMetrics } from "@dataplane/meta";
import { afterEach, expect, test } from "vitest";
import type { PluginHost } from "./plugin-host.js";
import { pluginMetrics } from "./plugin-metrics.js";
import { barePlugin } from "./testing/bare-plugin.js";
import { ScratchFolder } from "./testing/plugin-folder.js";
import { pluginOf, startHost, stateOf } from "./testing/start-host.js";

const scratch = new ScratchFolder();
let host: PluginHost | undefined;
afterEach(async () => {
  await host?.stop();
  scratch.remove();
});

test("metrics tell of each plugin's reloads and memory", async () => {
  scratch.plugin("acme-one", barePlugin());
  host = startHost(scratch.path);
  const metrics = createMetrics();
  pluginMetrics(metrics, host);
  await stateOf(host, "acme-one", ({ phase }) => phase === "running");
  await pluginOf(host, "acme-one").restart();
  const text = metrics.text();
  expect(text).toContain('dataplane_plugin_reloads_total{plugin_id="acme-one",outcome="Reloaded"} 1\n');
  if (process.platform === "linux") expect(text).toMatch(/dataplane_plugin_resident_memory_bytes\{plugin_id="acme-one"\} \d{7,}\n/);
});
