import { ApiError } from "@dataplane/meta";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Subscription } from "./channels.js";
import { streamAnswer } from "./stream-answer.js";
import { jsonLines, type StreamForm, serverSentEvents } from "./stream-forms.js";
import { EncodedMessage } from "./stream-message.js";
import { batchesOf, messagesOf, SubscriberQueue } from "./subscriber-queue.js";

beforeEach(() => vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval"] }));
afterEach(() => vi.useRealTimers());

function subscription(): { readonly queue: SubscriberQueue; readonly subscription: Subscription } {
  const queue = new SubscriberQueue({ messages: 2, bytes: 1000 });
  const leave = (): void => queue.end("left");
  return {
    queue,
    subscription: {
      ...{ position: { epoch: "e", offset: 0 }, initial: undefined, recovered: undefined, missed: [], over: queue.over },
      nudge: () => queue.nudge(),
      forEachBatch: (write) => queue.forEach(write),
      messages: { [Symbol.asyncIterator]: () => messagesOf(queue, leave) },
      batches: { [Symbol.asyncIterator]: () => batchesOf(queue, leave) },
    },
  };
}

const message = (offset: number): EncodedMessage => new EncodedMessage(offset, new TextEncoder().encode(`{"n":${offset}}`), false);

function reader(it: Subscription, form: StreamForm) {
  const { body, cut } = streamAnswer(it, form);
  if (typeof body !== "object" || !(Symbol.asyncIterator in body)) throw new Error("it streams");
  const pieces: AsyncIterator<Uint8Array, unknown> = body[Symbol.asyncIterator]();
  return {
    cut,
    next: async () => {
      const { done, value } = await pieces.next();
      return done === true ? "" : new TextDecoder().decode(value);
    },
    stop: () => pieces.return?.(),
  };
}

test("a quiet stream of events says each 20 s that it is alive", async () => {
  const { queue, subscription: it } = subscription();
  const { next, stop } = reader(it, serverSentEvents);
  expect(await next()).toBe("id: e-0\n\n");
  const ping = next();
  await vi.advanceTimersByTimeAsync(20_000);
  expect(await ping).toBe(": ping\n\n");
  const more = next();
  queue.push(message(1));
  queue.wake();
  expect(await more).toBe('id: e-1\nevent: frame\ndata: {"n":1}\n\n');
  await stop();
  expect([await queue.over, vi.getTimerCount()]).toEqual(["left", 0]);
});

test("messages that wait leave together", async () => {
  const { queue, subscription: it } = subscription();
  const { next } = reader(it, jsonLines);
  await next();
  queue.push(message(1));
  queue.push(message(2));
  expect(await next()).toBe('{"n":1}\n{"n":2}\n');
});

test("a reader that is cut is told so when it reads on, and is broken off when it stands still for 5 s", async () => {
  const { queue, subscription: it } = subscription();
  const { next, cut } = reader(it, jsonLines);
  await next();
  for (const offset of [1, 2, 3]) queue.push(message(offset));
  expect(await queue.over).toBe("failed");
  await vi.advanceTimersByTimeAsync(4_999);
  expect(cut?.aborted).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  expect(cut?.aborted).toBe(true);
  expect(JSON.parse(await next())).toMatchObject({ error: { code: 429, reason: "TooManyRequests" } });
  expect(await next()).toBe("");
});

test("a reader that reads to the end is not broken off", async () => {
  const { queue, subscription: it } = subscription();
  const { next, cut } = reader(it, serverSentEvents);
  await next();
  queue.fail(new ApiError("NotFound", "gone"));
  expect(await next()).toMatch(/^event: error\ndata: \{"kind":"Status".*"reason":"NotFound"/);
  await next();
  await vi.advanceTimersByTimeAsync(60_000);
  expect([cut?.aborted, vi.getTimerCount()]).toEqual([false, 0]);
});
