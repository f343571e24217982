/* eslint-disable @typescript-eslint/no-unsafe-class-instance-assignment, @typescript-eslint/no-misused-spread --
   The client's classes only describe shapes; plain objects are what its users write. */
import { rmSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import {
  ApiException,
  ApiextensionsV1Api,
  AuthenticationV1Api,
  AuthorizationV1Api,
  CoordinationV1Api,
  CoreV1Api,
  CustomObjectsApi,
  KubeConfig,
  type KubernetesObject,
  KubernetesObjectApi,
  makeInformer,
  PatchStrategy,
  RbacAuthorizationV1Api,
  setHeaderOptions,
  VersionApi,
  Watch,
} from "@kubernetes/client-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type StartedServer, startServer, temporaryFolder } from "./testing/start-server.js";
import { until } from "./testing/until.js";

const namespace = "client-node";
const gadgets = { group: "node.example.com", version: "v1", namespace, plural: "gadgets" };
const gadgetsPath = `/apis/node.example.com/v1/namespaces/${namespace}/gadgets`;

interface Gadget extends KubernetesObject {
  readonly spec: { readonly color: string; readonly size?: number };
  readonly status?: { readonly ready?: boolean };
}

const gadget = (name: string, color: string): Gadget => ({
  apiVersion: "node.example.com/v1",
  kind: "Gadget",
  metadata: { name, namespace },
  spec: { color },
});

const definition = {
  metadata: { name: "gadgets.node.example.com" },
  spec: {
    group: "node.example.com",
    scope: "Namespaced",
    names: { plural: "gadgets", singular: "gadget", kind: "Gadget", listKind: "GadgetList" },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: {
          openAPIV3Schema: {
            type: "object",
            properties: {
              spec: { type: "object", properties: { color: { type: "string" }, size: { type: "integer" } } },
              status: { type: "object", properties: { ready: { type: "boolean" } } },
            },
          },
        },
      },
    ],
  },
};

describe("@kubernetes/client-node, told of the server by its kubeconfig only", () => {
  const dataPath = temporaryFolder("data");
  let server: StartedServer;
  let config: KubeConfig;
  let core: CoreV1Api;
  let custom: CustomObjectsApi;

  beforeAll(async () => {
    server = await startServer({ dataPath });
    config = new KubeConfig();
    config.loadFromFile(server.kubeconfig);
    core = config.makeApiClient(CoreV1Api);
    custom = config.makeApiClient(CustomObjectsApi);
    await core.createNamespace({ body: { metadata: { name: namespace } } });
    const definitions = config.makeApiClient(ApiextensionsV1Api);
    await definitions.createCustomResourceDefinition({ body: definition });
    await until("the definition is established", async () => {
      const { status } = await definitions.readCustomResourceDefinition({ name: "gadgets.node.example.com" });
      return status?.conditions?.some(({ type, status: is }) => type === "Established" && is === "True") === true || undefined;
    });
  });
  afterAll(async () => {
    await server.stop();
    rmSync(dataPath, { recursive: true, force: true });
  });

  const list = (): Promise<{ items: Gadget[] }> => custom.listNamespacedCustomObject(gadgets) as Promise<{ items: Gadget[] }>;
  const named = (name: string): typeof gadgets & { name: string } => ({ ...gadgets, name });

  test("the user of the kubeconfig is known and may do everything", async () => {
    const self = await config.makeApiClient(AuthenticationV1Api).createSelfSubjectReview({ body: {} });
    expect(self.status?.userInfo?.username).toBeTruthy();
    const review = await config
      .makeApiClient(AuthorizationV1Api)
      .createSelfSubjectAccessReview({ body: { spec: { resourceAttributes: { verb: "*", group: "*", resource: "*" } } } });
    expect(review.status?.allowed).toBe(true);
    expect((await config.makeApiClient(VersionApi).getCode()).gitVersion).toMatch(/^v1\.\d+/);
  });

  test("a token of a service account is a user of its own", async () => {
    await core.createNamespacedServiceAccount({ namespace, body: { metadata: { name: "robot" } } });
    const { status } = await core.createNamespacedServiceAccountToken({ namespace, name: "robot", body: { spec: { audiences: [] } } });
    const cluster = config.getCurrentCluster();
    if (cluster === null || status === undefined) throw new Error("no cluster, or no token");
    const robot = new KubeConfig();
    robot.loadFromClusterAndUser(cluster, { name: "robot", token: status.token });
    const self = await robot.makeApiClient(AuthenticationV1Api).createSelfSubjectReview({ body: {} });
    expect(self.status?.userInfo?.username).toBe(`system:serviceaccount:${namespace}:robot`);
    await expect(robot.makeApiClient(CoreV1Api).listNamespacedSecret({ namespace })).rejects.toMatchObject({ code: 403 });
    await config.makeApiClient(RbacAuthorizationV1Api).createNamespacedRoleBinding({
      namespace,
      body: {
        metadata: { name: "robot" },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" },
        subjects: [{ kind: "ServiceAccount", name: "robot", namespace }],
      },
    });
    await until("the binding counts", () =>
      robot
        .makeApiClient(CoreV1Api)
        .listNamespacedSecret({ namespace })
        .then(
          () => true,
          () => undefined,
        ),
    );
  });

  test("core kinds are created, read, listed by selector, replaced and deleted", async () => {
    await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: "map", labels: { a: "b" } }, data: { k: "v" } } });
    const read = await core.readNamespacedConfigMap({ namespace, name: "map" });
    expect(read.metadata?.creationTimestamp).toBeInstanceOf(Date);
    const replaced = await core.replaceNamespacedConfigMap({ namespace, name: "map", body: { ...read, data: { k: "w" } } });
    expect(replaced.data).toEqual({ k: "w" });
    await expect(core.replaceNamespacedConfigMap({ namespace, name: "map", body: read })).rejects.toMatchObject({ code: 409 });
    const { items } = await core.listNamespacedConfigMap({ namespace, labelSelector: "a in (b,c)", limit: 1 });
    expect(items.map(({ metadata }) => metadata?.name)).toEqual(["map"]);
    const secret = await core.createNamespacedSecret({ namespace, body: { metadata: { generateName: "s-" }, stringData: { word: "open" } } });
    expect(secret.data).toEqual({ word: Buffer.from("open").toString("base64") });
    expect(secret.metadata?.name).toMatch(/^s-[a-z0-9]{5}$/);
    await config
      .makeApiClient(CoordinationV1Api)
      .createNamespacedLease({ namespace, body: { metadata: { name: "lease" }, spec: { holderIdentity: "me", leaseDurationSeconds: 5 } } });
    expect(await core.deleteNamespacedConfigMap({ namespace, name: "map" })).toMatchObject({ status: "Success" });
    const missing = await core.readNamespacedConfigMap({ namespace, name: "map" }).catch((error: unknown) => error);
    expect(missing).toBeInstanceOf(ApiException);
    expect(missing).toMatchObject({ code: 404 });
  });

  test("custom objects are created, read, listed, replaced and deleted, and their status is written apart", async () => {
    await custom.createNamespacedCustomObject({ ...gadgets, body: gadget("crud", "red") });
    const read = (await custom.getNamespacedCustomObject(named("crud"))) as Gadget;
    await custom.replaceNamespacedCustomObject({ ...named("crud"), body: { ...read, spec: { color: "blue" }, status: { ready: true } } });
    const replaced = (await custom.getNamespacedCustomObject(named("crud"))) as Gadget;
    expect(replaced).toMatchObject({ spec: { color: "blue" }, metadata: { generation: 2 } });
    expect(replaced.status).toBeUndefined();
    await custom.replaceNamespacedCustomObjectStatus({ ...named("crud"), body: { ...replaced, status: { ready: true } } });
    expect((await list()).items).toMatchObject([{ spec: { color: "blue" }, status: { ready: true }, metadata: { generation: 2 } }]);
    await expect(custom.createNamespacedCustomObject({ ...gadgets, body: { ...gadget("wrong", "red"), spec: { color: 7 } } })).rejects.toMatchObject({
      code: 422,
    });
    await custom.deleteNamespacedCustomObject(named("crud"));
    expect((await list()).items).toEqual([]);
  });

  test("a patch is of the type that its header names", async () => {
    await custom.createNamespacedCustomObject({ ...gadgets, body: gadget("patched", "red") });
    const patch = async (type: string, body: unknown, more: object = {}): Promise<unknown> =>
      custom.patchNamespacedCustomObject({ ...named("patched"), ...more, body }, setHeaderOptions("Content-Type", type));
    expect(await patch(PatchStrategy.MergePatch, { spec: { size: 1 } })).toMatchObject({ spec: { color: "red", size: 1 } });
    expect(await patch(PatchStrategy.JsonPatch, [{ op: "replace", path: "/spec/size", value: 2 }])).toMatchObject({ spec: { size: 2 } });
    const applied = { ...gadget("patched", "green"), metadata: { name: "patched" } };
    await expect(patch(PatchStrategy.ServerSideApply, applied, { fieldManager: "other" })).rejects.toMatchObject({ code: 409 });
    expect(await patch(PatchStrategy.ServerSideApply, applied, { fieldManager: "other", force: true })).toMatchObject({
      spec: { color: "green", size: 2 },
    });
    await expect(patch(PatchStrategy.StrategicMergePatch, { spec: { size: 3 } })).rejects.toMatchObject({ code: 415 });
    await core.createNamespacedServiceAccount({ namespace, body: { metadata: { name: "patched" }, secrets: [{ name: "one" }] } });
    const account = await core.patchNamespacedServiceAccount(
      { namespace, name: "patched", body: { secrets: [{ name: "two" }] } },
      setHeaderOptions("Content-Type", PatchStrategy.StrategicMergePatch),
    );
    expect(account.secrets?.map(({ name }) => name).toSorted()).toEqual(["one", "two"]);
  });

  test("the client for any kind finds where it is served", async () => {
    const objects = KubernetesObjectApi.makeApiClient(config);
    await objects.create(gadget("any", "red"));
    const applied = await objects.patch(gadget("any", "blue"), undefined, undefined, "any", true, PatchStrategy.ServerSideApply);
    expect(applied).toMatchObject({ spec: { color: "blue" } });
    const header = { apiVersion: "node.example.com/v1", kind: "Gadget", metadata: { name: "any", namespace } };
    expect(await objects.read(header)).toMatchObject({ spec: { color: "blue" } });
    expect((await objects.list("v1", "Namespace")).items.length).toBeGreaterThan(0);
    await objects.delete(header);
    await expect(objects.read(header)).rejects.toMatchObject({ code: 404 });
  });

  test("a watch tells of changes and bookmarks, and of a revision that is gone", async () => {
    const watch = new Watch(config);
    const seen: string[] = [];
    const note = (phase: string, object: Gadget): void => void seen.push(`${phase} ${object.metadata?.name ?? ""}`);
    const query = { allowWatchBookmarks: true, sendInitialEvents: true, resourceVersionMatch: "NotOlderThan" };
    const controller = await watch.watch(gadgetsPath, query, note, () => undefined);
    await until("the state is sent", () => seen.includes("BOOKMARK ") || undefined);
    await custom.createNamespacedCustomObject({ ...gadgets, body: gadget("watched", "red") });
    await custom.deleteNamespacedCustomObject(named("watched"));
    await until("both changes", () => (seen.includes("ADDED watched") && seen.includes("DELETED watched")) || undefined);
    controller.abort();
    const ended = await new Promise((resolve) => {
      void watch.watch("/api/v1/nothing", {}, () => undefined, resolve);
    });
    expect(String(ended)).toContain("Not Found");
  });

  test("an informer follows, and goes on when the server was away", async () => {
    const told: string[] = [];
    const errors: unknown[] = [];
    const informer = makeInformer<Gadget>(config, gadgetsPath, list);
    const stop = new AbortController();
    const goOn = async (): Promise<void> => {
      while (!stop.signal.aborted) {
        try {
          await informer.start();
          return;
        } catch {
          await delay(100);
        }
      }
    };
    informer.on("add", ({ metadata }) => told.push(`add ${metadata?.name ?? ""}`));
    informer.on("update", ({ metadata, spec }) => told.push(`update ${metadata?.name ?? ""} ${spec.color}`));
    informer.on("delete", ({ metadata }) => told.push(`delete ${metadata?.name ?? ""}`));
    informer.on("error", (error) => {
      errors.push(error);
      void goOn();
    });
    await informer.start();
    await custom.createNamespacedCustomObject({ ...gadgets, body: gadget("followed", "red") });
    await custom.patchNamespacedCustomObject(
      { ...named("followed"), body: { spec: { color: "blue" } } },
      setHeaderOptions("Content-Type", PatchStrategy.MergePatch),
    );
    await until("add and update", () => (told.includes("add followed") && told.includes("update followed blue")) || undefined);
    expect(informer.get("followed", namespace)?.spec.color).toBe("blue");

    await server.stop();
    await until("the informer is told", () => errors.length > 0 || undefined);
    server = await startServer({ dataPath, env: { GF_GRAFANA_APISERVER_HTTPS_PORT: new URL(server.httpsUrl).port } });
    await custom.deleteNamespacedCustomObject(named("followed"));
    await custom.createNamespacedCustomObject({ ...gadgets, body: gadget("later", "red") });
    await until("what happened since", () => (told.includes("delete followed") && told.includes("add later")) || undefined, 20_000);
    stop.abort();
    await informer.stop();
  });
});
