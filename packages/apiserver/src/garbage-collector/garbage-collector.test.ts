import { expect, test } from "vitest";
import { startApiServer, type TestServer } from "../testing/start-api-server.js";
import { widgets } from "../testing/widgets.js";

const base = "/api/v1/namespaces/default/configmaps";
const merge = { "content-type": "application/merge-patch+json" };

async function make(api: TestServer, name: string, owners: readonly object[] = [], more: object = {}): Promise<string> {
  const { status, json } = await api.call(base, { method: "POST", body: { metadata: { name, ownerReferences: owners, ...more } } });
  expect(status).toBe(201);
  return String(json.metadata?.["uid"]);
}

const owner = (name: string, uid: string, more: object = {}): object => ({ apiVersion: "v1", kind: "ConfigMap", name, uid, ...more });

async function names(api: TestServer): Promise<readonly string[]> {
  const { json } = await api.call(base);
  return (json.items ?? []).map(({ metadata }) => metadata.name);
}

const settled = (api: TestServer, expected: readonly string[]): Promise<void> => expect.poll(() => names(api), { interval: 10 }).toEqual(expected);

const remove = (api: TestServer, name: string, propagationPolicy?: string): Promise<{ readonly status: number }> =>
  api.call(`${base}/${name}`, { method: "DELETE", ...(propagationPolicy === undefined ? {} : { body: { propagationPolicy } }) });

test("what belongs to a deleted object goes, down the whole line", async () => {
  await using api = await startApiServer();
  const uid = await make(api, "owner");
  const child = await make(api, "child", [owner("owner", uid)]);
  await make(api, "grandchild", [owner("child", child)]);
  await make(api, "other");
  await remove(api, "owner");
  await settled(api, ["other"]);
});

test("an object goes when its last owner does, and forgets the others before", async () => {
  await using api = await startApiServer();
  const [a, b] = [await make(api, "a"), await make(api, "b")];
  await make(api, "child", [owner("a", a), owner("b", b)]);
  await remove(api, "a");
  await expect.poll(async () => (await api.call(`${base}/child`)).json.metadata?.["ownerReferences"], { interval: 10 }).toEqual([owner("b", b)]);
  await remove(api, "b");
  await settled(api, []);
});

test("foreground: the owner goes last, after those that block it", async () => {
  await using api = await startApiServer();
  const uid = await make(api, "owner");
  await make(api, "child", [owner("owner", uid, { blockOwnerDeletion: true })], { finalizers: ["example.com/held"] });
  const { status } = await remove(api, "owner", "Foreground");
  expect(status).toBe(200);
  await expect.poll(async () => (await api.call(`${base}/child`)).json.metadata?.["deletionTimestamp"], { interval: 10 }).toBeTypeOf("string");
  expect((await api.call(`${base}/owner`)).json.metadata?.["finalizers"]).toEqual(["foregroundDeletion"]);
  await api.call(`${base}/child`, { method: "PATCH", headers: merge, body: { metadata: { finalizers: null } } });
  await settled(api, []);
});

test("orphan: the dependents stay and belong to nobody", async () => {
  await using api = await startApiServer();
  const uid = await make(api, "owner");
  await make(api, "child", [owner("owner", uid)]);
  await remove(api, "owner", "Orphan");
  await settled(api, ["child"]);
  expect((await api.call(`${base}/child`)).json.metadata?.["ownerReferences"]).toBeUndefined();
});

test("a circle of objects that block each other goes as well", async () => {
  await using api = await startApiServer();
  const uids = new Map<string, string>();
  for (const name of ["a", "b", "c"]) uids.set(name, await make(api, name));
  for (const [child, parent] of [
    ["a", "c"],
    ["b", "a"],
    ["c", "b"],
  ] as const) {
    const body = { metadata: { ownerReferences: [owner(parent, uids.get(parent) ?? "", { blockOwnerDeletion: true, controller: true })] } };
    expect((await api.call(`${base}/${child}`, { method: "PATCH", headers: merge, body })).status).toBe(200);
  }
  await remove(api, "a", "Foreground");
  await settled(api, []);
});

test("an owner of that name with another uid is none; one of an unknown kind is waited for", async () => {
  await using api = await startApiServer();
  await make(api, "owner");
  await make(api, "stale", [owner("owner", "another-uid")]);
  await make(api, "foreign", [{ apiVersion: "example.com/v1", kind: "Unknown", name: "x", uid: "y" }]);
  await settled(api, ["foreign", "owner"]);
});

test("what has no namespace and names an owner that has one is left alone", async () => {
  await using api = await startApiServer();
  const uid = await make(api, "owner");
  const body = { metadata: { name: "odd", ownerReferences: [owner("owner", uid)] } };
  expect((await api.call("/api/v1/namespaces", { method: "POST", body })).status).toBe(201);
  await make(api, "child", [owner("owner", uid)]);
  await remove(api, "owner");
  await settled(api, []);
  expect((await api.call("/api/v1/namespaces/odd")).json.metadata?.["deletionTimestamp"]).toBeUndefined();
});

test("dependents of an owner go though its kind goes at the same moment", async () => {
  await using api = await startApiServer((registry) => registry.add(widgets));
  const { json } = await api.call("/apis/example.com/v1/namespaces/default/widgets", { method: "POST", body: { metadata: { name: "w" } } });
  const uid = String(json.metadata?.["uid"]);
  await make(api, "child", [{ apiVersion: "example.com/v1", kind: "Widget", name: "w", uid }]);
  await api.call("/apis/example.com/v1/namespaces/default/widgets/w", { method: "DELETE" });
  api.registry.remove(widgets);
  await settled(api, []);
});

test("orphans stay though somebody writes them at the same moment", async () => {
  await using api = await startApiServer();
  const uid = await make(api, "owner");
  const children = Array.from({ length: 8 }, (_, index) => `child-${String(index)}`);
  for (const name of children) await make(api, name, [owner("owner", uid)]);
  let isOver = false;
  const writers = children.map(async (name) => {
    let round = 0;
    while (!isOver) {
      round += 1;
      await api.call(`${base}/${name}`, { method: "PATCH", headers: merge, body: { data: { round: String(round) } } });
      await new Promise((resolve) => setImmediate(resolve));
    }
  });
  await remove(api, "owner", "Orphan");
  await settled(api, children).finally(() => {
    isOver = true;
  });
  await Promise.all(writers);
  for (const name of children) expect((await api.call(`${base}/${name}`)).json.metadata?.["ownerReferences"]).toBeUndefined();
});

test.each([
  [{ propagationPolicy: "Sideways" }, 422],
  [{ propagationPolicy: "Orphan", orphanDependents: true }, 422],
])("delete options %j are refused", async (body, status) => {
  await using api = await startApiServer();
  await make(api, "a");
  expect((await api.call(`${base}/a`, { method: "DELETE", body })).status).toBe(status);
  expect(await names(api)).toEqual(["a"]);
});

test("a thousand dependents of one owner go", async () => {
  await using api = await startApiServer();
  const uid = await make(api, "owner");
  await Promise.all(Array.from({ length: 1_000 }, (_, index) => make(api, `child-${String(index)}`, [owner("owner", uid)])));
  await remove(api, "owner");
  await expect.poll(() => names(api), { interval: 50, timeout: 20_000 }).toEqual([]);
});
