import { createMemoryStore, OutcomeUnknown, type Store, StoreDamaged, StoreReadOnly, StoreUnavailable, ValueTooLarge } from "@dataplane/storage";
import { expect, test } from "vitest";
import { startApiServer } from "./testing/start-api-server.js";

/** A store in memory, which fails as it is told. */
function failingStore(): { readonly store: Store; fails: { reads?: Error; writes?: Error } } {
  const inner = createMemoryStore();
  const control: { fails: { reads?: Error; writes?: Error } } = { fails: {} };
  const whenWell = <T>(kind: "reads" | "writes", work: () => Promise<T>): Promise<T> => {
    const failure = control.fails[kind];
    return failure === undefined ? work() : Promise.reject(failure);
  };
  const store: Store = {
    revision: () => whenWell("reads", () => inner.revision()),
    get: (key) => whenWell("reads", () => inner.get(key)),
    list: (...call) => whenWell("reads", () => inner.list(...call)),
    put: (...call) => whenWell("writes", () => inner.put(...call)),
    delete: (...call) => whenWell("writes", () => inner.delete(...call)),
    watch: (...call) => inner.watch(...call),
    compact: (before) => inner.compact(before),
    health: () => ({ readable: control.fails.reads === undefined, writable: control.fails.writes === undefined }),
    close: () => inner.close(),
  };
  return Object.assign(control, { store });
}

const maps = "/api/v1/namespaces/default/configmaps";
const map = (name: string) => ({ method: "POST", body: { metadata: { name } } });

test("while the store is read-only, writes are 503 with Retry-After and the cause, and reads go on", async () => {
  const control = failingStore();
  await using server = await startApiServer(undefined, control.store);
  expect((await server.call(maps, map("kept"))).status).toBe(201);
  control.fails = { writes: new StoreReadOnly("/secret/place is full") };
  const refused = await server.call(maps, map("refused"));
  expect(refused.status).toBe(503);
  expect(refused.headers["retry-after"]).toBe("1");
  expect(refused.json).toMatchObject({
    kind: "Status",
    reason: "ServiceUnavailable",
    details: { causes: [{ reason: "StoreReadOnly" }], retryAfterSeconds: 1 },
  });
  expect(refused.text).not.toContain("/secret/place");
  expect((await server.call(`${maps}/kept`, { method: "DELETE" })).status).toBe(503);
  expect((await server.call(`${maps}/kept`, { method: "PUT", body: { metadata: { name: "kept", labels: { a: "b" } } } })).status).toBe(503);
  expect((await server.call(`${maps}/kept`)).status).toBe(200);
  expect((await server.call(maps)).json.items).toHaveLength(1);
  control.fails = {};
  expect((await server.call(maps, map("again"))).status).toBe(201);
});

test("while the store is away, what must be new is 503 and what may be old is served from memory", async () => {
  const control = failingStore();
  await using server = await startApiServer(undefined, control.store);
  expect((await server.call(maps, map("kept"))).status).toBe(201);
  const away = new StoreUnavailable("db.internal:5432 refused the connection");
  control.fails = { reads: away, writes: away };
  for (const path of [maps, `${maps}/kept`]) {
    const refused = await server.call(path);
    expect(refused).toMatchObject({ status: 503, json: { reason: "ServiceUnavailable" } });
    expect(refused.headers["retry-after"]).toBe("1");
    expect(refused.text).not.toContain("db.internal");
  }
  expect((await server.call(`${maps}?resourceVersion=0`)).json.items).toHaveLength(1);
  expect((await server.call(`${maps}/kept?resourceVersion=0`)).status).toBe(200);
  expect((await server.call(`${maps}/never?resourceVersion=0`)).status).toBe(404);
  expect((await server.call(maps, map("refused"))).status).toBe(503);
  const watching = await server.call(`${maps}?watch=1&resourceVersion=0&timeoutSeconds=1`);
  expect(watching.text).toContain('"kept"');
});

test("a write whose outcome is not known is 504, and damage is our own fault, whose details are for the log", async () => {
  const control = failingStore();
  await using server = await startApiServer(undefined, control.store);
  control.fails = { writes: new OutcomeUnknown("the connection broke") };
  expect(await server.call(maps, map("perhaps"))).toMatchObject({ status: 504, json: { reason: "Timeout" } });
  control.fails = { reads: new StoreDamaged("the value of /secrets/x is damaged", "/secrets/x") };
  const damaged = await server.call(`${maps}/any`);
  expect(damaged).toMatchObject({ status: 500, json: { reason: "InternalError" } });
  expect(damaged.text).not.toContain("/secrets/x");
});

test("an object that is larger than the database takes is 413, and not asked for again", async () => {
  const control = failingStore();
  await using server = await startApiServer(undefined, control.store);
  control.fails = { writes: new ValueTooLarge("etcd takes no value as large as that of /configmaps/default/large") };
  const refused = await server.call(maps, map("large"));
  expect(refused).toMatchObject({ status: 413, json: { kind: "Status", reason: "RequestEntityTooLarge" } });
  expect(refused.headers["retry-after"]).toBeUndefined();
  expect(refused.text).not.toContain("etcd");
});
