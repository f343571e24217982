import { existsSync, rmSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { call } from "./testing/call.js";
import { goTestPlugin, installGoTestPlugin, needsGoTestPlugin, unsignedPluginsAllowed } from "./testing/install-plugin.js";
import { describeWith, type Need } from "./testing/needs.js";
import { pluginRecords } from "./testing/plugin-records.js";
import { tools } from "./testing/root.js";
import { bareEnvironment, type RunningProcess, runProcess } from "./testing/run-process.js";
import { type StartedServer, startServer, temporaryFolder } from "./testing/start-server.js";
import { until } from "./testing/until.js";

const clientGo = path.join(tools, "client-go");
const needsClientGo: Need = { name: "the client-go checks (conformance/build-tools.sh builds them)", isThere: () => existsSync(clientGo) };

const group = "things.example.com";
const mergePatch = { "content-type": "application/merge-patch+json" };
const objects = 60;
const updates = 4;
const deletes = 20;

/** One line of the informer. */
interface Told {
  readonly type: string;
  readonly name?: string;
  readonly resourceVersion?: string;
  readonly object?: { readonly apiVersion?: string; readonly spec?: Readonly<Record<string, unknown>> };
  readonly message?: string;
}

describeWith([needsGoTestPlugin, needsClientGo], "an informer of client-go on a version that a plugin converts to", () => {
  const dataPath = temporaryFolder("converted");
  let server: StartedServer;
  let informer: RunningProcess;

  beforeAll(async () => {
    installGoTestPlugin(dataPath);
    server = await startServer({ dataPath, env: unsignedPluginsAllowed });
    const services = [{ type: "conversion" }];
    await create("aggregation.grafana.app/v0alpha1/dataplaneservices", {
      metadata: { name: `v1.${group}` },
      spec: { pluginID: goTestPlugin, pluginType: "datasource", group, version: "v1", services },
    });
    const schema = { openAPIV3Schema: { type: "object", properties: { spec: { type: "object", "x-kubernetes-preserve-unknown-fields": true } } } };
    const names = { plural: "things", singular: "thing", kind: "Thing", listKind: "ThingList" };
    const versions = ["v1", "v2"].map((name) => ({ name, served: true, storage: name === "v1", schema }));
    await create("apiextensions.k8s.io/v1/customresourcedefinitions", {
      metadata: { name: `things.${group}` },
      spec: { group, scope: "Namespaced", names, versions },
    });
    await until("the plugin runs", () => (pluginPid(dataPath) === undefined ? undefined : true));
    informer = runProcess(clientGo, [server.kubeconfig, `things.v2.${group}`], { env: bareEnvironment() });
    await until("the informer has read the list", () => (told().some(({ type }) => type === "synced") ? true : undefined));
  });

  afterAll(async () => {
    informer.child.kill("SIGKILL");
    await server.stop();
    rmSync(dataPath, { recursive: true, force: true });
  });

  const create = async (resource: string, body: object): Promise<void> => {
    const made = await call(`${server.url}/apis/${resource}`, { body });
    expect(made.status, made.text).toBe(201);
  };
  const told = (): readonly Told[] =>
    informer
      .stdout()
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Told);
  const thing = (index: number): string => `${server.url}/apis/${group}/v1/namespaces/default/things/t-${index}`;

  test("is told of each change once and in order, whatever happens to the plugin", async () => {
    const path = `${group}/v1/namespaces/default/things`;
    await Promise.all(Array.from({ length: objects }, (_, index) => create(path, { metadata: { name: `t-${index}` }, spec: { title: "0" } })));
    for (let round = 1; round <= updates; round++) {
      if (round === 2) process.kill(pluginPid(dataPath) ?? 0, "SIGKILL");
      const restarted =
        round === 4
          ? call(`${server.url}/apis/aggregation.grafana.app/v0alpha1/dataplaneservices/v1.${group}/restart`, { method: "POST" })
          : undefined;
      const changed = Array.from({ length: objects }, (_, index) =>
        call(thing(index), { method: "PATCH", headers: mergePatch, body: { spec: { title: String(round) } } }),
      );
      expect((await Promise.all(changed)).map(({ status }) => status)).toEqual(changed.map(() => 200));
      expect((await restarted)?.status ?? 200).toBeLessThan(300);
    }
    for (let index = 0; index < deletes; index++) expect((await call(thing(index), { method: "DELETE" })).status).toBe(200);
    const all = objects + objects * updates + deletes;
    await until("all is told", () => (told().filter(({ name }) => name !== undefined).length >= all ? true : undefined), 60_000);
    const lines = told();
    expect(lines.filter(({ type }) => type === "error" || type === "unknown-delete")).toEqual([]);
    for (let index = 0; index < objects; index++) {
      const own = lines.filter(({ name }) => name === `t-${index}`);
      const rest = index < deletes ? [["delete", String(updates)]] : [];
      const expected = [["add", "0"], ...Array.from({ length: updates }, (_, round) => ["update", String(round + 1)]), ...rest];
      expect(own.map(({ type, object }) => [type, object?.spec?.["name"]])).toEqual(expected);
      expect(own.every(({ object }) => object?.apiVersion === `${group}/v2`)).toBe(true);
    }
    expect(lines.filter(({ name }) => name !== undefined)).toHaveLength(all);
  }, 120_000);
});

/** Of the process that runs now. */
const pluginPid = (dataPath: string): number | undefined => pluginRecords(dataPath, 1)?.find(({ pluginId }) => pluginId === goTestPlugin)?.pid;
