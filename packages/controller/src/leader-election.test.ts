import { Readable } from "node:stream";
import type { ApiClient } from "@dataplane/client";
import { ApiError, type ApiObject, silentLogger } from "@dataplane/meta";
import { expect, test } from "vitest";
import { heldTransport } from "./held-transport.js";
import { type Lead, leaderElection } from "./leader-election.js";
import { ManualClock, settled } from "./testing/manual-clock.js";

/** One Lease, with the server's rule about resource versions; while it is `silent` no request is answered. */
function leaseServer() {
  const state: { lease: ApiObject | undefined; silent: boolean } = { lease: undefined, silent: false };
  let version = 0;
  const answer = (signal: AbortSignal | undefined): Promise<void> =>
    new Promise((resolve, reject) => {
      if (!state.silent) resolve();
      signal?.addEventListener("abort", () => reject(new Error("aborted")), { once: true });
    });
  const stored = (object: ApiObject): ApiObject => {
    state.lease = { ...object, metadata: { ...object.metadata, resourceVersion: `${++version}` } };
    return state.lease;
  };
  const calls = {
    get: async (_resource: unknown, _ref: unknown, signal?: AbortSignal) => {
      await answer(signal);
      if (state.lease === undefined) throw new ApiError("NotFound", "no such lease");
      return state.lease;
    },
    create: async (_resource: unknown, object: ApiObject, _options?: unknown, signal?: AbortSignal) => {
      await answer(signal);
      if (state.lease !== undefined) throw new ApiError("AlreadyExists", "there is one");
      return stored(object);
    },
    update: async (_resource: unknown, _ref: unknown, object: ApiObject, _options?: unknown, signal?: AbortSignal) => {
      await answer(signal);
      if (object.metadata.resourceVersion !== state.lease?.metadata.resourceVersion) throw new ApiError("Conflict", "it has changed");
      return stored(object);
    },
  };
  return { state, client: calls as unknown as ApiClient };
}

function candidate(client: ApiClient, clock: ManualClock, identity: string) {
  const stop = new AbortController();
  const seen = { leads: false, terms: 0 };
  const lead = (held: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      seen.leads = true;
      seen.terms++;
      const end = (): void => {
        seen.leads = false;
        resolve();
      };
      held.addEventListener("abort", end, { once: true });
    });
  const lease = { namespace: "apps", name: "app" };
  const ended = leaderElection({ client, lease, identity, clock, elapsed: () => clock.now().getTime(), logger: silentLogger }, lead, stop.signal);
  return { seen, stop, ended };
}

test("one of two leads, and a leader that stops gives the Lease to the other at once", async () => {
  const clock = new ManualClock();
  const { client, state } = leaseServer();
  const first = candidate(client, clock, "first");
  await settled();
  const second = candidate(client, clock, "second");
  await clock.advance(60_000);
  expect([first.seen.leads, second.seen.leads]).toEqual([true, false]);
  expect(state.lease?.["spec"]).toMatchObject({ holderIdentity: "first", leaseTransitions: 0, acquireTime: "2026-01-01T00:00:00.000000Z" });
  first.stop.abort();
  await first.ended;
  await clock.advance(4_000);
  expect(second.seen.leads).toBe(true);
  expect(state.lease?.["spec"]).toMatchObject({ holderIdentity: "second", leaseTransitions: 1 });
  second.stop.abort();
  await second.ended;
});

test("a leader whose server takes requests but never answers stops before the Lease is good for another", async () => {
  const clock = new ManualClock();
  const { client, state } = leaseServer();
  const first = candidate(client, clock, "first");
  await clock.advance(4_000);
  state.silent = true;
  await clock.advance(11_000);
  expect(first.seen.leads).toBe(false);
  state.silent = false;
  await clock.advance(30_000);
  expect(first.seen).toEqual({ leads: true, terms: 2 });
  first.stop.abort();
  await first.ended;
});

test("a Lease is taken only after it has looked the same for its whole time here, whatever its own times say", async () => {
  const clock = new ManualClock();
  const { client, state } = leaseServer();
  const spec = { holderIdentity: "gone", leaseDurationSeconds: 15, renewTime: "2001-01-01T00:00:00.000000Z", leaseTransitions: 4 };
  const metadata = { namespace: "apps", name: "app", resourceVersion: "0" };
  state.lease = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata, spec };
  const next = candidate(client, clock, "next");
  await settled();
  await clock.advance(14_000);
  expect(next.seen.leads).toBe(false);
  await clock.advance(4_000);
  expect(next.seen.leads).toBe(true);
  expect(state.lease["spec"]).toMatchObject({ holderIdentity: "next", leaseTransitions: 5 });
  next.stop.abort();
  await next.ended;
});

test("a leader that was stopped for longer than its time finds so at its next act, before any timer tells; its client writes nothing more", async () => {
  const clock = new ManualClock();
  const { client } = leaseServer();
  const stop = new AbortController();
  let stoppedMs = 0;
  const acts: string[] = [];
  const sent: string[] = [];
  const answer = {
    status: 200,
    retryAfterSeconds: undefined,
    headers: {},
    body: Readable.from([Buffer.from('{"kind":"Lease","metadata":{"name":"a"}}')]),
  };
  const lead: Lead = async (signal, isHeld) => {
    const transport = heldTransport((request) => {
      sent.push(request.method);
      return Promise.resolve(answer);
    }, isHeld);
    const send = (method: "GET" | "PUT") => transport({ method, path: "/", query: new URLSearchParams(), headers: {}, body: undefined, signal });
    await send("PUT");
    stoppedMs = 11_000;
    acts.push(`aborted before it acts: ${String(signal.aborted)}`);
    await expect(send("PUT")).rejects.toMatchObject({ reason: "Conflict" });
    await send("GET");
    acts.push(`held: ${String(isHeld())}, aborted: ${String(signal.aborted)}`);
    stop.abort();
  };
  const elapsed = (): number => clock.now().getTime() + stoppedMs;
  await leaderElection(
    { client, lease: { namespace: "apps", name: "app" }, identity: "first", clock, elapsed, logger: silentLogger },
    lead,
    stop.signal,
  );
  expect(acts).toEqual(["aborted before it acts: false", "held: false, aborted: true"]);
  expect(sent).toEqual(["PUT", "GET"]);
});
