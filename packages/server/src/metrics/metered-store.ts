import { performance } from "node:perf_hooks";
import type { Counter, Histogram, Metrics } from "@dataplane/meta";
import type { Store } from "@dataplane/storage";

/** Not the store's failures: who writes lost a race, or asked for what is past. */
const expected = new Set(["RevisionConflict", "RevisionCompacted", "RevisionFuture"]);

/** The same store; what is asked of it is timed, and its failures are counted by kind. */
export function meteredStore(store: Store, metrics: Metrics): Store {
  const newest = { revision: 0n };
  const timed = timings(metrics);
  const saw = <T extends { readonly revision: bigint }>(answer: T): T => {
    if (answer.revision > newest.revision) newest.revision = answer.revision;
    return answer;
  };
  addState(metrics, store, () => Number(newest.revision));
  const [put, remove, get, list] = (["put", "delete", "get", "list"] as const).map(timed) as [Timed, Timed, Timed, Timed];
  return {
    revision: async () => saw({ revision: await store.revision() }).revision,
    get: (key) => get(() => store.get(key)),
    list: (...call) => list(async () => saw(await store.list(...call))),
    put: (...call) => put(async () => saw(await store.put(...call))),
    delete: (...call) => remove(async () => saw(await store.delete(...call))),
    watch: (...call) => store.watch(...call),
    compact: (before) => store.compact(before),
    health: () => store.health(),
    close: () => store.close(),
  };
}

type Timed = <T>(work: () => Promise<T>) => Promise<T>;

function timings(metrics: Metrics): (operation: string) => Timed {
  const seconds = metrics.histogram({
    name: "dataplane_storage_operation_duration_seconds",
    help: "Time that the store took, by operation.",
    labels: ["operation"],
  });
  const errors = metrics.counter({
    name: "dataplane_storage_errors_total",
    help: "What the store could not do, by operation and kind: StoreUnavailable, StoreReadOnly, OutcomeUnknown, StoreDamaged, ValueTooLarge or other.",
    labels: ["operation", "kind"],
  });
  return (operation) => timedBy(seconds.with(operation), (kind) => errors.with(operation, kind));
}

const kinds = new Set(["StoreUnavailable", "StoreReadOnly", "OutcomeUnknown", "StoreDamaged", "ValueTooLarge"]);

const timedBy =
  (duration: Histogram, failed: (kind: string) => Counter): Timed =>
  async (work) => {
    const started = performance.now();
    try {
      return await work();
    } catch (thrown) {
      const name = thrown instanceof Error ? thrown.name : "";
      if (!expected.has(name)) failed(kinds.has(name) ? name : "other").inc();
      throw thrown;
    } finally {
      duration.observe((performance.now() - started) / 1000);
    }
  };

function addState(metrics: Metrics, store: Store, revision: () => number): void {
  const gauge = (name: string, help: string, read: () => number): void =>
    metrics.observed({ type: "gauge", name: `dataplane_storage_${name}`, help, read: () => [[[], read()]] });
  gauge("readable", "1 while the store can be read.", () => (store.health().readable ? 1 : 0));
  gauge("writable", "1 while the store can be written.", () => (store.health().writable ? 1 : 0));
  gauge("revision", "The newest revision that this server has seen.", revision);
}
