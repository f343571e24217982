import type { ApiClient } from "@dataplane/client";
import { type ApiObject, silentLogger, systemClock, type WatchEvent } from "@dataplane/meta";
import { afterEach, expect, test } from "vitest";
import { LivingServers } from "./living-servers.js";
import { annotationsOf, leaseNameOf, type ServerRecord } from "./server-record.js";

const recordOf = (id: string): ServerRecord => ({ id, url: `https://${id}:1`, version: "1", caFingerprint: "", plugins: [], isLeaving: false });
let revision = 1;

function leaseOf(id: string): ApiObject {
  revision += 1;
  const metadata = {
    name: leaseNameOf(id),
    namespace: "kube-system",
    resourceVersion: String(revision),
    annotations: { ...annotationsOf(recordOf(id)) },
  };
  return { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata, spec: { leaseDurationSeconds: 6, renewTime: String(revision) } };
}

let stop = new AbortController();
afterEach(() => {
  stop.abort();
  stop = new AbortController();
});

/** Servers as `me` sees them; the clock is turned by hand, and `renew` is what a watch brings. */
function watched() {
  const state = { now: 0 };
  const waiting: ((event: WatchEvent<ApiObject>) => void)[] = [];
  const list = { apiVersion: "v1", kind: "LeaseList", metadata: { resourceVersion: "1" }, items: [leaseOf("me"), leaseOf("other")] };
  async function* watch(): AsyncGenerator<WatchEvent<ApiObject>> {
    for (;;) {
      yield await new Promise<WatchEvent<ApiObject>>((resolve) => {
        waiting.push(resolve);
      });
    }
  }
  const client = { list: () => Promise.resolve(list), watch } as unknown as ApiClient;
  const living = new LivingServers({ client, id: "me", elapsed: () => state.now, clock: systemClock, logger: silentLogger });
  void living.run(stop.signal);
  return {
    living,
    names: () => living.list().map(({ id }) => id),
    after: async (ms: number, ...renewed: readonly string[]): Promise<void> => {
      state.now += ms;
      for (const id of renewed) {
        waiting.pop()?.({ type: "MODIFIED", object: leaseOf(id) });
        await systemClock.sleep(5);
      }
    },
  };
}

test("one whose Lease looks the same for longer than it is good is gone, and lives again when it is renewed", async () => {
  const { names, after, living } = watched();
  await expect.poll(names).toEqual(["me", "other"]);
  await after(2_000, "me", "other");
  await after(4_000, "me");
  expect(names()).toEqual(["me", "other"]);
  await after(3_000, "me");
  expect(names()).toEqual(["me"]);
  expect(living.goneFor(6_500)).toEqual([leaseNameOf("other")]);
  await after(1, "other");
  expect(names()).toEqual(["me", "other"]);
});

test("while this server's own renewals do not come, nobody is judged", async () => {
  const { names, after } = watched();
  await expect.poll(names).toEqual(["me", "other"]);
  await after(2_000, "me", "other");
  // The store is away, or this process stood still.
  await after(3_600_000);
  await systemClock.sleep(600);
  expect(names()).toEqual(["me", "other"]);
  // What the other wrote meanwhile is seen before the own next renewal.
  await after(0, "other", "me");
  expect(names()).toEqual(["me", "other"]);
});
