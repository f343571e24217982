import { setTimeout as sleep } from "node:timers/promises";
import {
  BadRequestError,
  type Call,
  type Channel,
  type Frame,
  frame,
  isJsonObject,
  numberField,
  type StreamHandlers,
  timeField,
} from "@dataplane/plugin-sdk";
import { createRandom, type Random } from "./random.js";

/** What one channel carries. */
interface ChannelKind {
  /** Milliseconds from packet to packet. */
  readonly interval: number;
  /** Values of a moment: one for each field beside the time. */
  readonly values: (state: WalkState) => Readonly<Record<string, number>>;
  /** Labels of the number fields; they change from packet to packet where the kind says so. */
  readonly labels?: (random: Random) => Readonly<Record<string, string>>;
  /** The part of packets that gets lost, 0 to 1. */
  readonly lost?: number;
}

interface WalkState {
  readonly random: Random;
  readonly now: number;
  position: number;
}

function walk(state: WalkState): Readonly<Record<string, number>> {
  state.position += (state.random() - 0.5) * 2;
  return { Value: state.position, Min: state.position - 1, Max: state.position + 1 };
}

/** A sine by the clock, with a band around it: two subscribers at two servers see the same. */
function signal({ now }: WalkState): Readonly<Record<string, number>> {
  const value = Math.sin((now / 10_000) * 2 * Math.PI) * 10;
  return { Value: value, Min: value - 1, Max: value + 1 };
}

const named: ReadonlyMap<string, ChannelKind> = new Map<string, ChannelKind>([
  ["random-2s-stream", { interval: 2000, values: walk }],
  ["random-flakey-stream", { interval: 1000, values: walk, lost: 0.25 }],
  ["random-20Hz-stream", { interval: 50, values: walk }],
  // Each packet is of one of two places: its schema changes, and so is sent again.
  ["random-labeled-stream", { interval: 500, values: walk, labels: (random) => ({ place: random() < 0.5 ? "here" : "there" }) }],
]);

/** Channels whose speed is in their name: `random-walk/<milliseconds>`, `signal/<milliseconds>`. */
const timed: ReadonlyMap<string, ChannelKind["values"]> = new Map([
  ["random-walk", walk],
  ["signal", signal],
]);

/** What a query may choose from, as the scenario's description lists it. */
export const channelNames: readonly string[] = [...named.keys(), ...[...timed.keys()].map((kind) => `${kind}/<milliseconds>`), "broadcast/<name>"];

function channelKind(path: string): ChannelKind | undefined {
  const [kind = "", speed = "", ...rest] = path.split("/");
  const values = rest.length === 0 && /^\d{2,5}$/.test(speed) ? timed.get(kind) : undefined;
  return values === undefined ? named.get(path) : { interval: Number(speed), values };
}

/** A channel that carries what is published on it, and nothing else: `broadcast/<name>`. */
const isBroadcast = (path: string): boolean => /^broadcast\/[\w.-]{1,64}$/.test(path);

/** Whether anybody may subscribe to it. */
export const isChannel = (path: string): boolean => isBroadcast(path) || channelKind(path) !== undefined;

/** Rows on every channel until nobody listens; what is published on `broadcast/<name>` reaches its subscribers as it is. */
export const streams: StreamHandlers = {
  subscribe: ({ path }) => {
    if (isBroadcast(path)) return { status: "ok" };
    return channelKind(path) === undefined ? { status: "not-found" } : { status: "ok", data: emptyPacket() };
  },
  run: (channel, call) => (isBroadcast(channel.path) ? silence(call) : rowsOf(channel, call)),
  publish: ({ path, data }) => {
    if (!isBroadcast(path)) return { status: channelKind(path) === undefined ? "not-found" : "permission-denied" };
    if (!isJsonObject(data)) throw new BadRequestError("what is published must be a JSON object");
    return { status: "ok", data };
  },
};

async function* silence({ signal }: Call): AsyncGenerator<Frame> {
  const day = 24 * 3_600_000;
  while (!signal.aborted) await sleep(day, undefined, { signal });
  yield* [];
}

async function* rowsOf({ path, data }: Channel, call: Call): AsyncIterable<Frame> {
  const kind = channelKind(path);
  if (kind === undefined) throw new BadRequestError(`there is no channel ${JSON.stringify(path)}`);
  const random = createRandom(typeof data["seed"] === "string" ? data["seed"] : undefined);
  const state = { random, now: 0, position: random() * 100 };
  while (!call.signal.aborted) {
    await sleep(kind.interval, undefined, { signal: call.signal });
    state.now = Date.now();
    const values = kind.values(state);
    if (kind.lost === undefined || random() >= kind.lost) yield packet(state.now, values, kind.labels?.(random));
  }
}

/** The schema of every channel, without a row. */
export function emptyPacket(): Frame {
  return frame({ name: "testdata", fields: [timeField("Time", []), ...["Value", "Min", "Max"].map((name) => numberField(name, []))] });
}

function packet(time: number, values: Readonly<Record<string, number>>, labels: Readonly<Record<string, string>> | undefined): Frame {
  const options = labels === undefined ? {} : { labels };
  return frame({
    name: "testdata",
    fields: [timeField("Time", [time]), ...Object.entries(values).map(([name, value]) => numberField(name, [value], options))],
  });
}
