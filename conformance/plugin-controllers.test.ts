import { existsSync, rmSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Answer, call } from "./testing/call.js";
import { installExampleApps } from "./testing/example-apps.js";
import { unsignedPluginsAllowed } from "./testing/install-plugin.js";
import { type Kubectl, openKubectl } from "./testing/kubectl.js";
import { describeWith, needsKubectl } from "./testing/needs.js";
import { pluginRecords } from "./testing/plugin-records.js";
import { type StartedServer, startServer, temporaryFolder } from "./testing/start-server.js";
import { until } from "./testing/until.js";

const plugin = "example-dashboard-app";
const dashboards = "/apis/dashboard.ext.grafana.app/v1beta1/namespaces/default/dashboards";

describeWith([needsKubectl("newest")], "a controller in a plugin, with credentials from the host", () => {
  const dataPath = temporaryFolder("controllers");
  let parameters: readonly string[];
  let server: StartedServer;
  let app: Kubectl;

  const start = async (): Promise<void> => {
    server = await startServer({ dataPath, parameters, env: unsignedPluginsAllowed });
  };

  beforeAll(async () => {
    ({ parameters } = installExampleApps(dataPath));
    await start();
    const kubeconfig = path.join(dataPath, "run", "apps", plugin, "kubeconfig");
    await until("the app has its kubeconfig", () => (existsSync(kubeconfig) ? true : undefined));
    app = openKubectl("newest", kubeconfig);
    await until("its kind is served", async () => ((await call(`${server.url}${dashboards}`)).status === 200 ? true : undefined));
  });

  afterAll(async () => {
    await server.stop();
    rmSync(dataPath, { recursive: true, force: true });
  });

  const create = (name: string): Promise<Answer> =>
    call(`${server.url}${dashboards}`, { body: { metadata: { name }, spec: { title: name, layout: { panels: [{ id: 1 }, { id: 2 }] } } } });

  const reconciled = (name: string): Promise<true> =>
    until(
      `${name} is reconciled`,
      async () => ((await call(`${server.url}${dashboards}/${name}`)).text.includes('"panelCount":2') ? true : undefined),
      40_000,
    );

  test("reconciles what is made, and has a Lease of its own", async () => {
    expect((await create("first")).status).toBe(201);
    await reconciled("first");
    const lease = await app.ok(["get", "lease", plugin, "-n", "dataplane-apps", "-o", "jsonpath={.spec.holderIdentity}"]);
    expect(lease).not.toBe("");
  });

  test("is its own ServiceAccount, with what its manifest says and no more", async () => {
    expect(await app.ok(["auth", "whoami", "-o", "jsonpath={.status.userInfo.username}"])).toBe(`system:serviceaccount:dataplane-apps:${plugin}`);
    const allowed = [
      ["update", "dashboards.dashboard.ext.grafana.app"],
      ["patch", "dashboards.dashboard.ext.grafana.app/status"],
      ["create", "configmaps"],
      ["create", "leases.coordination.k8s.io", "-n", "dataplane-apps"],
    ];
    const denied = [
      ["get", "secrets"],
      ["create", "serviceaccounts"],
      ["create", "serviceaccounts/token"],
      ["get", "slos.slo.ext.grafana.app"],
      ["list", "appmanifests.apps.grafana.app"],
      ["patch", "dataplaneservices.aggregation.grafana.app"],
      ["create", "clusterrolebindings.rbac.authorization.k8s.io"],
      ["impersonate", "users"],
      ["create", "leases.coordination.k8s.io", "-n", "kube-system"],
      ["update", "leases.coordination.k8s.io/another", "-n", "dataplane-apps"],
      ["*", "*"],
    ];
    for (const question of allowed) expect([question, (await app.run(["auth", "can-i", ...question])).stdout]).toEqual([question, "yes\n"]);
    for (const question of denied) expect([question, (await app.run(["auth", "can-i", ...question])).stdout]).toEqual([question, "no\n"]);
  });

  test("is killed, and misses nothing that was made meanwhile", async () => {
    const { pid } = pluginRecords(dataPath, 1)?.find(({ pluginId }) => pluginId === plugin) ?? { pid: 0 };
    process.kill(pid, "SIGKILL");
    await until("it is made", async () => ((await create("meanwhile")).status === 201 ? true : undefined), 30_000);
    expect(await reconciled("meanwhile")).toBe(true);
  });

  test("goes on after its server was killed and is there again", async () => {
    await server.kill();
    await start();
    await until("it is made", async () => ((await create("afterwards")).status === 201 ? true : undefined), 30_000);
    expect(await reconciled("afterwards")).toBe(true);
    expect(await reconciled("first")).toBe(true);
  }, 120_000);
});
