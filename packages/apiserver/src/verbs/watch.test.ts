import type { ApiObject, HttpResponse } from "@dataplane/meta";
import { createMemoryStore } from "@dataplane/storage";
import { expect, test } from "vitest";
import { startApiServer, type TestServer } from "../testing/start-api-server.js";
import { widgets } from "../testing/widgets.js";

const base = "/apis/example.com/v1/namespaces/default/widgets";
const start = (): Promise<TestServer> => startApiServer((registry) => registry.add(widgets));
const create = (api: TestServer, name: string, color = "red") => api.call(base, { method: "POST", body: { metadata: { name }, spec: { color } } });
const recolor = (api: TestServer, name: string, color: string) =>
  api.call(`${base}/${name}`, { method: "PATCH", headers: { "content-type": "application/merge-patch+json" }, body: { spec: { color } } });

interface Event {
  readonly type: string;
  readonly object: ApiObject & Record<string, unknown>;
}

/** The next `count` events. */
async function take({ body }: HttpResponse, count: number): Promise<readonly Event[]> {
  const events: Event[] = [];
  let rest = "";
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    const lines = (rest + new TextDecoder().decode(chunk)).split("\n");
    rest = lines.pop() ?? "";
    events.push(...lines.map((line) => JSON.parse(line) as Event));
    if (events.length >= count) break;
  }
  return events;
}

const short = (events: readonly Event[]) => events.map(({ type, object }) => `${type} ${object.metadata.name}`);

test("a watch gives the state, then each change by how it crosses the selector", async () => {
  await using api = await start();
  await create(api, "a");
  const events = take(await api.open(`${base}?watch=1&fieldSelector=spec.color%3Dred`), 4);
  await create(api, "b", "green");
  await recolor(api, "b", "red");
  await recolor(api, "a", "green");
  await api.call(`${base}/b`, { method: "DELETE" });
  expect(short(await events)).toEqual(["ADDED a", "ADDED b", "DELETED a", "DELETED b"]);
});

test("a watch from a resourceVersion gives what came after it", async () => {
  await using api = await start();
  const { json } = await create(api, "a");
  await recolor(api, "a", "green");
  const open = await api.open(`${base}?watch=1&resourceVersion=${String(json.metadata?.["resourceVersion"])}`);
  const [event] = await take(open, 1);
  expect(event).toMatchObject({ type: "MODIFIED", object: { kind: "Widget", spec: { color: "green" } } });
});

test("a watch from a resourceVersion that another server told of gives nothing until this one has reached it", async () => {
  await using api = await start();
  const { json } = await create(api, "a");
  const ahead = BigInt(json.metadata?.["resourceVersion"] as string) + 1n;
  const open = await api.open(`${base}?watch=1&resourceVersion=${ahead.toString()}`);
  await recolor(api, "a", "green");
  await recolor(api, "a", "red");
  const [event] = await take(open, 1);
  expect(event).toMatchObject({ type: "MODIFIED", object: { metadata: { resourceVersion: (ahead + 1n).toString() }, spec: { color: "red" } } });
});

test("the state ends with a marked bookmark when it is asked for", async () => {
  await using api = await start();
  await create(api, "a");
  const query = "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&fieldSelector=metadata.name%3Da";
  const events = await take(await api.open(`${base}?${query}`), 2);
  expect(events[1]).toMatchObject({
    type: "BOOKMARK",
    object: { kind: "Widget", metadata: { annotations: { "k8s.io/initial-events-end": "true" } } },
  });
  const refused = await api.call(`${base}?watch=1&sendInitialEvents=true`);
  expect(refused).toMatchObject({ status: 422, json: { details: { causes: [{ reason: "FieldValueForbidden", field: "resourceVersionMatch" }] } } });
});

test("a resourceVersion older than the store's history is 410", async () => {
  const store = createMemoryStore();
  for (let index = 0; index < 3; index++) await store.put(`/elsewhere/${String(index)}`, new Uint8Array(), { expected: 0n });
  await store.compact(3n);
  await using api = await startApiServer((registry) => registry.add(widgets), store);
  expect(await api.call(`${base}?watch=1&resourceVersion=1`)).toMatchObject({ status: 410, json: { reason: "Expired" } });
});

test("a watch goes on, at a server that was started again, from where it was", async () => {
  const store = createMemoryStore();
  const before = await startApiServer((registry) => registry.add(widgets), store);
  await create(before, "a");
  const [seen] = await take(await before.open(`${base}?watch=1`), 1);
  await create(before, "b");
  await using api = await startApiServer((registry) => registry.add(widgets), store);
  const events = take(await api.open(`${base}?watch=1&resourceVersion=${seen?.object.metadata.resourceVersion ?? ""}`), 2);
  await create(api, "c");
  expect(short(await events)).toEqual(["ADDED b", "ADDED c"]);
});

test("a watch ends after timeoutSeconds, with a last bookmark", async () => {
  await using api = await start();
  const { text } = await api.call(`${base}?watch=1&timeoutSeconds=1&allowWatchBookmarks=true`);
  expect(text).toContain('"type":"BOOKMARK"');
});

test("a watch of tables has columns in the first only", async () => {
  await using api = await start();
  await create(api, "a");
  const open = await api.open(`${base}?watch=1`, { headers: { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" } });
  const events = take(open, 2);
  await create(api, "b");
  const columns = (await events).map(({ object }) => object["columnDefinitions"]);
  expect(columns).toEqual([expect.arrayContaining([expect.objectContaining({ name: "Color" })]), null]);
});

test("a client that goes ends its watch", async () => {
  await using api = await start();
  const gone = new AbortController();
  const open = await api.open(`${base}?watch=1`, { signal: gone.signal });
  const events = take(open, 1);
  gone.abort();
  expect(await events).toEqual([]);
});

test("a client that goes while it has a frame in hand ends its watch", async () => {
  await using api = await start();
  await create(api, "a");
  const gone = new AbortController();
  const { body } = await api.open(`${base}?watch=1`, { signal: gone.signal });
  let frames = 0;
  for await (const _frame of body as AsyncIterable<Uint8Array>) {
    frames += 1;
    gone.abort();
  }
  expect(frames).toBe(1);
});

test("a state of any length is sent whole before the changes that come meanwhile", async () => {
  await using api = await start();
  const encoder = new TextEncoder();
  for (let index = 0; index < 10_050; index++) {
    const name = `w${String(index)}`;
    const value = encoder.encode(JSON.stringify({ metadata: { name, namespace: "default", uid: name }, spec: { color: "red", size: 1 } }));
    await api.store.put(`/example.com/widgets/default/${name}`, value, { expected: 0n });
  }
  const open = await api.open(`${base}?watch=1`);
  await recolor(api, "w1", "green");
  const events = await take(open, 10_051);
  expect(events.at(-1)).toMatchObject({ type: "MODIFIED", object: { metadata: { name: "w1" } } });
});

test("a watch is in JSON: a client that takes only YAML is told so", async () => {
  await using api = await start();
  const answer = await api.call(`${base}?watch=1&timeoutSeconds=1`, { headers: { accept: "application/yaml" } });
  expect(answer).toMatchObject({ status: 406, json: { reason: "NotAcceptable" } });
});

test("a watch ends when its resource is defined anew, and goes on while others are", async () => {
  await using api = await startApiServer((registry) => registry.set("crd", [widgets as never]));
  await create(api, "a");
  const ended = api.call(`${base}?watch=1`);
  const other = await api.open("/api/v1/configmaps?watch=1");
  api.registry.set("crd", [{ ...widgets, shortNames: ["w"] } as never]);
  expect((await ended).text).toContain('"type":"ADDED"');
  const events = take(other, 1);
  await api.call("/api/v1/namespaces/default/configmaps", { method: "POST", body: { metadata: { name: "m" } } });
  expect(short(await events)).toEqual(["ADDED m"]);
});

test("a client that reads too slowly is told so by an ERROR event, and the watch ends", async () => {
  await using api = await start();
  const open = await api.open(`${base}?watch=1&resourceVersion=${String(await api.store.revision())}`);
  const encoder = new TextEncoder();
  for (let index = 0; index < 10_001; index++) {
    const name = `w${String(index)}`;
    const value = encoder.encode(JSON.stringify({ metadata: { name, namespace: "default", uid: name }, spec: { color: "red", size: 1 } }));
    await api.store.put(`/example.com/widgets/default/${name}`, value, { expected: 0n });
  }
  await api.call(`${base}/w10000`);
  const events = await take(open, 20_000);
  expect(events).toHaveLength(10_001);
  expect(events.at(-1)).toMatchObject({ type: "ERROR", object: { kind: "Status", code: 410, reason: "Expired" } });
});
