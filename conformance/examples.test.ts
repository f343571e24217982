import path from "node:path";
import { expect, test } from "vitest";
import { unsignedPluginsAllowed } from "./testing/install-plugin.js";
import { describeWith, needsKubectl } from "./testing/needs.js";
import { root } from "./testing/root.js";
import { runExample } from "./testing/run-example.js";
import { bareEnvironment, runProcess } from "./testing/run-process.js";
import { startServer } from "./testing/start-server.js";

test.each([
  { script: "grafana-paths.sh", parameters: [], printed: 'endpoint="queryData",status="ok"' },
  { script: "live.sh", parameters: [], printed: "and a channel of no data source is none" },
  { script: "stream/run.sh", parameters: ["URL"], printed: "-- a channel that the plugin does not know" },
])("examples/$script works with curl alone", async ({ script, parameters, printed }) => {
  const server = await startServer();
  try {
    const given = parameters.map(() => server.url);
    expect(await runExample(script, server, { parameters: given })).toContain(printed);
  } finally {
    await server.stop();
  }
});

describeWith([needsKubectl("newest")], "examples that bring a plugin", () => {
  test.each(["app", "webhooks"])("examples/%s/run.sh works with kubectl and curl alone", async (name) => {
    const plugins = path.join(root, "examples", name, "plugins");
    const server = await startServer({ env: { ...unsignedPluginsAllowed, GF_PATHS_PLUGINS: plugins } });
    try {
      await runExample(`${name}/run.sh`, server, { parameters: [server.url] });
    } finally {
      await server.stop();
    }
  });
});

test("examples/apps/run.sh builds three apps, and prints each phase of the way of a request", async () => {
  const run = runProcess(path.join(root, "examples/apps/run.sh"), [], { env: bareEnvironment() });
  const { code } = await run.end;
  expect({ code, stderr: code === 0 ? "" : run.stderr() }, run.stdout()).toEqual({ code: 0, stderr: "" });
  for (const shown of ["v1beta1.dashboard.ext.grafana.app", "-- 5. a controller in the plugin", '"call":"convertObjects"', '"call":"reconcile"']) {
    expect(run.stdout()).toContain(shown);
  }
}, 120_000);
