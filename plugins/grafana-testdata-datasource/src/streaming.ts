import { setTimeout as sleep } from "node:timers/promises";
import {
  BadRequestError,
  type Call,
  type Channel,
  type Frame,
  frame,
  isJsonObject,
  numberField,
  readNumber,
  readString,
  type StreamHandlers,
  timeField,
} from "@dataplane/plugin-sdk";
import { createRandom } from "./random.js";
import type { Scenario } from "./scenario.js";

/** Milliseconds from packet to packet of each channel. */
const channels: ReadonlyMap<string, number> = new Map([
  ["random-2s-stream", 2000],
  ["random-flakey-stream", 1000],
  ["random-20Hz-stream", 50],
]);

/** The interval of a channel: a named one, or `random-walk/<milliseconds>`. */
function intervalOf(path: string): number | undefined {
  const custom = /^random-walk\/(\d{2,5})$/.exec(path)?.[1];
  return custom === undefined ? channels.get(path) : Number(custom);
}

/** A frame without rows that names the channel on which rows come. */
export const streaming: Scenario = {
  id: "streaming",
  name: "Streaming",
  description:
    "A channel of random rows; channel names it (random-2s-stream, random-20Hz-stream, random-flakey-stream), or stream.speed its milliseconds.",
  run: ({ query, settings }) => {
    const { stream } = query.json;
    const speed = isJsonObject(stream) ? readNumber(stream, "speed", 0) : 0;
    const path = speed === 0 ? readString(query.json, "channel", "random-2s-stream") : `random-walk/${Math.round(speed)}`;
    if (intervalOf(path) === undefined) throw new BadRequestError(`there is no channel ${JSON.stringify(path)}`);
    return [frame({ meta: { channel: `ds/${settings.uid}/${path}` }, fields: packet([], []).fields })];
  },
};

/** Rows of a walk on every channel until nobody listens; what is published is passed on as it is. */
export const streams: StreamHandlers = {
  subscribe: ({ path }) => (intervalOf(path) === undefined ? { status: "not-found" } : { status: "ok", data: packet([], []) }),
  run: (channel, call) => walkOn(channel, call),
  publish: ({ path }) => ({ status: intervalOf(path) === undefined ? "not-found" : "permission-denied" }),
};

async function* walkOn({ path, data }: Channel, { signal }: Call): AsyncIterable<Frame> {
  const interval = intervalOf(path);
  if (interval === undefined) throw new BadRequestError(`there is no channel ${JSON.stringify(path)}`);
  const random = createRandom(typeof data["seed"] === "string" ? data["seed"] : undefined);
  let value = random() * 100;
  while (!signal.aborted) {
    await sleep(interval, undefined, { signal });
    value += (random() - 0.5) * 2;
    const lost = path === "random-flakey-stream" && random() < 0.25;
    if (!lost) yield packet([Date.now()], [value]);
  }
}

function packet(times: readonly number[], values: readonly number[]): Frame {
  return frame({
    name: "testdata",
    fields: [
      timeField("Time", times),
      numberField("Value", values),
      numberField(
        "Min",
        values.map((value) => value - 1),
      ),
      numberField(
        "Max",
        values.map((value) => value + 1),
      ),
    ],
  });
}
