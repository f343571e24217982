import { createMetrics, type Logger, silentLogger } from "@dataplane/meta";
import { createMemoryStore, type StoreHealth, StoreReadOnly } from "@dataplane/storage";
import { expect, test } from "vitest";
import { meteredStore } from "./metrics/metered-store.js";
import { storeHealthLog, storeProblem } from "./store-health.js";

test("a change of health is told once, both ways, whatever it is asked meanwhile", async () => {
  const well: StoreHealth = { readable: true, writable: true };
  const full: StoreHealth = { readable: true, writable: false, problem: "the disk is full" };
  const course = [
    well,
    well,
    full,
    full,
    full,
    { ...full, problem: "still full" },
    well,
    { readable: false, writable: false, problem: "gone" },
    well,
  ];
  const stop = new AbortController();
  let turn = 0;
  const lines: string[] = [];
  const line = (...[fields, text]: Parameters<Logger["info"]>): void => void lines.push(`${text} ${JSON.stringify(fields)}`);
  const store = { health: () => course[Math.min(turn, course.length - 1)] ?? well };
  const clock = {
    now: () => new Date(0),
    sleep() {
      turn += 1;
      if (turn === course.length) stop.abort();
      return Promise.resolve();
    },
  };
  await storeHealthLog({ store, clock, logger: { ...silentLogger, info: line, error: line } }).run(stop.signal);
  expect(lines).toEqual([
    'the store cannot be written: writes are refused, reads go on, until it can be {"problem":"the disk is full"}',
    "the store can be read and written again {}",
    'the store cannot be reached: it is asked until it can be {"problem":"gone"}',
    "the store can be read and written again {}",
  ]);
  turn = 2;
  expect(storeProblem(store)).toBe("the disk is full");
  turn = 0;
  expect(storeProblem(store)).toBeUndefined();
});

test("the store's state, time and failures are metrics, and a lost race is no failure", async () => {
  const metrics = createMetrics();
  const inner = createMemoryStore();
  let isFull = false;
  const store = meteredStore(
    {
      ...bound(inner),
      put: (...call) => (isFull ? Promise.reject(new StoreReadOnly("full")) : inner.put(...call)),
      health: () => ({ readable: true, writable: !isFull }),
    },
    metrics,
  );
  const { revision } = await store.put("/a", Buffer.from("1"), { expected: 0n });
  await expect(store.put("/a", Buffer.from("1"), { expected: 0n })).rejects.toMatchObject({ name: "RevisionConflict" });
  isFull = true;
  await expect(store.put("/b", Buffer.from("1"), { expected: 0n })).rejects.toMatchObject({ name: "StoreReadOnly" });
  const text = metrics.text();
  expect(text).toContain(`dataplane_storage_revision ${String(revision)}`);
  expect(text).toContain("dataplane_storage_writable 0");
  expect(text).toContain("dataplane_storage_readable 1");
  expect(text).toContain('dataplane_storage_errors_total{operation="put",kind="StoreReadOnly"} 1');
  expect(text).not.toContain('kind="other"');
  expect(text).toContain('dataplane_storage_operation_duration_seconds_count{operation="put"} 3');
  await store.close();
});

const bound = (store: ReturnType<typeof createMemoryStore>): typeof store => ({
  revision: () => store.revision(),
  get: (key) => store.get(key),
  list: (...call) => store.list(...call),
  put: (...call) => store.put(...call),
  delete: (...call) => store.delete(...call),
  watch: (...call) => store.watch(...call),
  compact: (before) => store.compact(before),
  health: () => store.health(),
  close: () => store.close(),
});
