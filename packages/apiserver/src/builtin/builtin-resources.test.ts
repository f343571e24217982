import { expect, test } from "vitest";
import { startApiServer } from "../testing/start-api-server.js";

const namespaces = "/api/v1/namespaces";
const merge = { "content-type": "application/merge-patch+json" };
const until = async (isTrue: () => Promise<boolean>): Promise<void> => {
  for (const end = performance.now() + 15_000; performance.now() < end; ) {
    if (await isTrue()) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error("it did not come true");
};

test("a namespace carries its name as a label, which no one can take away", async () => {
  await using api = await startApiServer();
  const selected = await api.call(`${namespaces}?labelSelector=kubernetes.io/metadata.name%3Ddefault`);
  expect(selected.json.items?.map(({ metadata }) => metadata.name)).toEqual(["default"]);
  const body = { metadata: { labels: { "kubernetes.io/metadata.name": "other", a: "b" } } };
  const { json } = await api.call(`${namespaces}/default`, { method: "PATCH", headers: merge, body });
  expect(json.metadata?.["labels"]).toEqual({ "kubernetes.io/metadata.name": "default", a: "b" });
});

test("namespaces are selected by their phase", async () => {
  await using api = await startApiServer();
  expect((await api.call(`${namespaces}?fieldSelector=status.phase%3DActive`)).json.items).toHaveLength(1);
  expect((await api.call(`${namespaces}?fieldSelector=status.phase%3DTerminating`)).json.items).toEqual([]);
});

test("the namespaces that the server lives in stay, and none go all at once", async () => {
  await using api = await startApiServer();
  expect(await api.call(`${namespaces}/default`, { method: "DELETE" })).toMatchObject({
    status: 403,
    json: { message: 'namespaces "default" is forbidden: this namespace may not be deleted', reason: "Forbidden" },
  });
  expect((await api.call(namespaces, { method: "DELETE" })).status).toBe(405);
  expect((await api.call(`${namespaces}/default`)).json["status"]).toEqual({ phase: "Active" });
});

test("a finalizer holds a namespace too, and what is being deleted takes no new one", async () => {
  await using api = await startApiServer();
  await api.call(namespaces, { method: "POST", body: { metadata: { name: "held", finalizers: ["example.com/a"] } } });
  await api.call(`${namespaces}/held`, { method: "DELETE" });
  const more = await api.call(`${namespaces}/held`, {
    method: "PATCH",
    headers: merge,
    body: { metadata: { finalizers: ["example.com/a", "example.com/b"] } },
  });
  expect(more).toMatchObject({ status: 422, json: { details: { causes: [{ reason: "FieldValueForbidden", field: "metadata.finalizers" }] } } });
  // Longer than it takes to look at it again.
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  expect((await api.call(`${namespaces}/held`)).json["status"]).toEqual({ phase: "Terminating" });
  await api.call(`${namespaces}/held`, { method: "PATCH", headers: merge, body: { metadata: { finalizers: null } } });
  await until(async () => (await api.call(`${namespaces}/held`)).status === 404);
});

test("an event of the newer group has the older times, null where unknown, and is found by its reporter", async () => {
  await using api = await startApiServer();
  const body = {
    ...{ metadata: { name: "e" }, reason: "R", note: "n", type: "Normal", action: "A" },
    ...{ reportingController: "example.com/c", reportingInstance: "c-1", eventTime: "2026-01-01T00:00:00.000000Z" },
  };
  const made = await api.call("/apis/events.k8s.io/v1/namespaces/default/events", { method: "POST", body });
  expect(made.json).toMatchObject({ deprecatedLastTimestamp: null, deprecatedFirstTimestamp: null });
  const found = await api.call("/api/v1/events?fieldSelector=reportingComponent%3Dexample.com/c");
  expect(found.json.items).toMatchObject([{ lastTimestamp: null, firstTimestamp: null, message: "n" }]);
});
