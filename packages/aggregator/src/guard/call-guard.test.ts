import { ApiError, createMetrics, silentLogger, systemClock } from "@dataplane/meta";
import { GrpcCode, GrpcError } from "@dataplane/plugin-protocol";
import { expect, test } from "vitest";
import { pluginCallError } from "../plugin-call-errors.js";
import { createCallGuard } from "./create-call-guard.js";
import type { StartLimit } from "./start-limits.js";

const target = { pluginId: "p", namespace: "default", uid: "main", user: "ann" };
const callTimeoutMs = 30_000;

function aGuard(limits: { readonly dataSource?: Partial<StartLimit>; readonly user?: Partial<StartLimit> } = {}) {
  let nowMs = 1_000_000;
  const metrics = createMetrics();
  const none = { inFlight: 0, perSecond: 0 };
  const guard = createCallGuard({
    perDataSource: { ...none, ...limits.dataSource },
    perUser: { ...none, ...limits.user },
    callTimeoutMs,
    metrics,
    clock: { ...systemClock, now: () => new Date(nowMs) },
    logger: silentLogger,
  });
  return { guard, metrics, pass: (ms: number) => (nowMs += ms) };
}

type Guard = ReturnType<typeof aGuard>["guard"];

const ok = (): Promise<string> => Promise.resolve("ok");
const alive = new AbortController().signal;
const failure = (code: GrpcCode) => (): Promise<never> => Promise.reject(pluginCallError(new GrpcError(code, "no"), "p", alive));
const away = failure(GrpcCode.Unavailable);

/** Status and Retry-After of a call, or what it gave. */
const outcome = (guard: Guard, call: () => Promise<string> = ok, more: object = {}): Promise<string> =>
  guard.run({ ...target, ...more }, call).catch((thrown: unknown) => {
    if (!(thrown instanceof ApiError)) throw thrown;
    return `${thrown.code} after ${thrown.headers["retry-after"] ?? "-"}`;
  });

async function fail(guard: Guard, times: number, call = away): Promise<void> {
  for (let count = 0; count < times; count += 1) await expect(guard.run(target, call)).rejects.toThrow(ApiError);
}

/** A call that lasts until it is told how it ends. */
function held() {
  let settle: { readonly resolve: (text: string) => void; readonly reject: (thrown: unknown) => void } | undefined;
  const promise = new Promise<string>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return {
    call: () => promise,
    end: () => settle?.resolve("ok"),
    fail: (call: () => Promise<never>) => call().catch((thrown: unknown) => settle?.reject(thrown)),
  };
}

test("a data source has only so many calls in flight, of whatever user, and others are not touched", async () => {
  const { guard } = aGuard({ dataSource: { inFlight: 2 } });
  const slow = held();
  const running = [guard.run(target, slow.call), guard.run({ ...target, user: "bob" }, slow.call)];
  const refused = guard.run({ ...target, user: "cid" }, ok);
  await expect(refused).rejects.toMatchObject({ code: 429, reason: "TooManyRequests", headers: { "retry-after": "1" } });
  await expect(refused).rejects.toThrow(/data source "main" .* 2 calls in flight.* max_in_flight_per_datasource/);
  expect(await outcome(guard, ok, { uid: "other" })).toBe("ok");
  expect(await outcome(guard, ok, { namespace: "stacks-2" })).toBe("ok");
  slow.end();
  await Promise.all(running);
  expect(await outcome(guard)).toBe("ok");
});

test("a user has only so many calls in flight, of whatever data source", async () => {
  const { guard, metrics } = aGuard({ user: { inFlight: 1 } });
  const slow = held();
  const running = guard.run(target, slow.call);
  const refused = guard.run({ ...target, uid: "other" }, ok);
  await expect(refused).rejects.toThrow(/user "ann" .* max_in_flight_per_user/);
  expect(await outcome(guard, ok, { user: "bob" })).toBe("ok");
  slow.end();
  await running;
  expect(await outcome(guard)).toBe("ok");
  expect(metrics.text()).toContain('dataplane_calls_limited_total{limit="max_in_flight_per_user"} 1');
});

test("a second's worth of calls starts at once, then they start at the rate", async () => {
  const { guard, pass } = aGuard({ user: { perSecond: 2 } });
  expect([await outcome(guard), await outcome(guard), await outcome(guard)]).toEqual(["ok", "ok", "429 after 1"]);
  pass(500);
  expect([await outcome(guard), await outcome(guard)]).toEqual(["ok", "429 after 1"]);
  pass(60_000);
  expect([await outcome(guard), await outcome(guard), await outcome(guard)]).toEqual(["ok", "ok", "429 after 1"]);
});

test("what one limit refuses takes nothing of another", async () => {
  const { guard, pass } = aGuard({ dataSource: { perSecond: 1 }, user: { perSecond: 1 } });
  expect(await outcome(guard)).toBe("ok");
  expect(await outcome(guard, ok, { user: "bob" })).toBe("429 after 1");
  expect(await outcome(guard, ok, { user: "bob", uid: "other" })).toBe("ok");
  pass(1000);
  expect(await outcome(guard)).toBe("ok");
});

test("a second call for the same request is no new start", async () => {
  const { guard } = aGuard({ user: { perSecond: 1 } });
  expect([await outcome(guard), await outcome(guard, ok, { again: true }), await outcome(guard)]).toEqual(["ok", "ok", "429 after 1"]);
});

test("five failures in a row open the breaker: calls fail at once, of that backend alone", async () => {
  const { guard, metrics } = aGuard();
  await fail(guard, 4);
  expect(await outcome(guard)).toBe("ok");
  await fail(guard, 5);
  let asked = false;
  const call = () => {
    asked = true;
    return ok();
  };
  expect(await outcome(guard, call)).toBe("503 after 5");
  expect(asked).toBe(false);
  await expect(guard.run(target, call)).rejects.toThrow('data source "main" failed several times in a row and is not asked for now');
  for (const other of [{ uid: "b" }, { namespace: "b" }, { pluginId: "b" }, { backend: "proxy" }]) expect(await outcome(guard, ok, other)).toBe("ok");
  expect(metrics.text()).toContain('dataplane_breaker_opened_total{plugin_id="p"} 1');
  expect(metrics.text()).toContain('dataplane_breaker_refused_total{plugin_id="p"} 2');
  expect(metrics.text()).toContain("dataplane_breakers_open 1");
});

test("one trial goes through after five seconds, while others wait for its outcome; a success closes the breaker", async () => {
  const { guard, metrics, pass } = aGuard();
  await fail(guard, 5);
  pass(4999);
  expect(await outcome(guard)).toBe("503 after 1");
  pass(1);
  const slow = held();
  const trial = guard.run(target, slow.call);
  expect(await outcome(guard)).toBe("503 after 1");
  slow.end();
  expect(await trial).toBe("ok");
  expect(await outcome(guard)).toBe("ok");
  expect(metrics.text()).toContain("dataplane_breakers_open 0");
  await fail(guard, 4);
  expect(await outcome(guard)).toBe("ok");
});

test("each trial that fails doubles the wait, to a minute at most", async () => {
  const { guard, pass } = aGuard();
  await fail(guard, 5);
  for (const seconds of [5, 10, 20, 40, 60, 60]) {
    expect(await outcome(guard)).toBe(`503 after ${seconds}`);
    pass(seconds * 1000);
    await fail(guard, 1);
  }
});

test("a trial whose client leaves says nothing: the next call is one again", async () => {
  const { guard, pass } = aGuard();
  await fail(guard, 5);
  pass(5000);
  const left = new AbortController();
  left.abort();
  await fail(guard, 1, () => Promise.reject(pluginCallError(new Error("gone"), "p", left.signal)));
  expect(await outcome(guard)).toBe("ok");
});

test("the end of a plugin that ends all calls in flight is one failure", async () => {
  const { guard, pass } = aGuard();
  const slow = held();
  const running = Array.from({ length: 20 }, () => outcome(guard, slow.call));
  pass(10);
  await fail(guard, 1);
  pass(10);
  await slow.fail(away);
  expect(new Set(await Promise.all(running))).toEqual(new Set(["503 after 1"]));
  expect(await outcome(guard)).toBe("ok");
});

test("a backend that does not answer in time opens it too, with calls that ran side by side", async () => {
  const { guard, pass } = aGuard();
  const slow = held();
  const running = Array.from({ length: 5 }, () => outcome(guard, slow.call));
  pass(callTimeoutMs);
  await slow.fail(failure(GrpcCode.DeadlineExceeded));
  await Promise.all(running);
  expect(await outcome(guard)).toBe("503 after 5");
});

test("answers that are errors, short times of a caller's own, and a plugin that is known to be down are no failures", async () => {
  const { guard, pass } = aGuard();
  const own = [GrpcCode.Unknown, GrpcCode.InvalidArgument, GrpcCode.PermissionDenied, GrpcCode.Unimplemented, GrpcCode.ResourceExhausted];
  for (const code of own) await fail(guard, 6, failure(code));
  pass(10);
  await fail(guard, 6, failure(GrpcCode.DeadlineExceeded));
  await fail(guard, 6, () => Promise.reject(new ApiError("ServiceUnavailable", "plugin p cannot be called now")));
  await fail(guard, 6, () => Promise.reject(new ApiError("NotFound", "no")));
  for (let count = 0; count < 6; count += 1) await expect(guard.run(target, () => Promise.reject(new TypeError("ours")))).rejects.toThrow(TypeError);
  expect(await outcome(guard)).toBe("ok");
});

test("an unguarded call that went well closes the breaker", async () => {
  const { guard } = aGuard();
  await fail(guard, 5);
  guard.worked?.(target);
  expect(await outcome(guard)).toBe("ok");
});

test("users and data sources that are idle are forgotten", async () => {
  const { guard, pass } = aGuard({ user: { perSecond: 1, inFlight: 5 }, dataSource: { inFlight: 5 } });
  const before = process.memoryUsage().heapUsed;
  for (let count = 0; count < 200_000; count += 1) {
    if (count % 100 === 0) pass(1000);
    await guard.run({ ...target, user: `user-${count}`, uid: `uid-${count}` }, ok);
  }
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(40 << 20);
});

test("breakers of backends that nobody asks any more are forgotten, and not shown as open", async () => {
  const { guard, metrics, pass } = aGuard();
  const failing = async (count: number, prefix: string): Promise<void> => {
    for (let index = 0; index < count; index += 1) {
      for (let times = 0; times < 5; times += 1) await outcome(guard, away, { uid: `${prefix}-${index}` });
    }
  };
  await failing(1500, "old");
  expect(metrics.text()).toContain("dataplane_breakers_open 1500");
  pass(11 * 60_000);
  expect(metrics.text()).toContain("dataplane_breakers_open 0");
  await failing(1000, "new");
  expect(metrics.text()).toContain("dataplane_breakers_open 1000");
});
