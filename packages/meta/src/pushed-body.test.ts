import { expect, test } from "vitest";
import { type BodySink, pulled } from "./pushed-body.js";

interface Opened {
  readonly read: AsyncGenerator<Uint8Array>;
  sink: BodySink | undefined;
  stops: number;
  drains: number;
}

function open(): Opened {
  const opened: Opened = {
    read: pulled({
      pushTo(sink) {
        opened.sink = sink;
        sink.onDrain(() => opened.drains++);
        return () => opened.stops++;
      },
    }),
    sink: undefined,
    stops: 0,
    drains: 0,
  };
  return opened;
}

const piece = (text: string): Uint8Array => new TextEncoder().encode(text);

test("a pushed body reads as a stream, whose reader is never ahead nor behind by more than it was told", async () => {
  const opened = open();
  const first = opened.read.next();
  expect(opened.sink?.write(piece("a"))).toBe(false);
  expect(await first).toEqual({ done: false, value: piece("a") });
  const second = opened.read.next();
  expect(opened.drains).toBeGreaterThan(0);
  opened.sink?.write(piece("b"));
  opened.sink?.end();
  expect(await second).toEqual({ done: false, value: piece("b") });
  expect(await opened.read.next()).toEqual({ done: true, value: undefined });
  expect(opened.stops).toBe(1);
});

test("who leaves early stops the maker", async () => {
  const opened = open();
  const first = opened.read.next();
  opened.sink?.write(piece("a"));
  await first;
  await opened.read.return(undefined);
  expect(opened.stops).toBe(1);
});

test("a maker that fails is no end", async () => {
  const opened = open();
  const first = opened.read.next();
  opened.sink?.fail(new Error("a bug"));
  await expect(first).rejects.toThrow("a bug");
});
