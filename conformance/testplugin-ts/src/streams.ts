import { setTimeout as sleep } from "node:timers/promises";
import { type Call, type Channel, type Frame, frame, numberField, PluginError, type StreamHandlers, timeField } from "@dataplane/plugin-sdk";
import { epoch } from "./frames.js";

/** "tick/MS" ticks without end ("tick" every 100 ms), "count/N" sends N frames at once and ends. */
function readPath(path: string): { readonly kind: "tick" | "count"; readonly amount: number } | undefined {
  const [kind, argument = "", ...rest] = (path === "tick" ? "tick/100" : path).split("/");
  const amount = /^\d{1,7}$/.test(argument) ? Number(argument) : 0;
  if (rest.length > 0 || amount < 1 || amount > 1_000_000) return undefined;
  return kind === "tick" || kind === "count" ? { kind, amount } : undefined;
}

export const streams: StreamHandlers = {
  subscribe: ({ path }) => {
    if (path === "denied") return { status: "permission-denied" };
    return readPath(path) === undefined ? { status: "not-found" } : { status: "ok", data: tick([]) };
  },
  run: (channel, call) => run(channel, call),
  publish: ({ path, data }) => (path === "denied" ? { status: "permission-denied" } : { status: "ok", data: { data, path } }),
};

async function* run({ path }: Channel, { signal }: Call): AsyncIterable<Frame> {
  const channel = readPath(path);
  if (channel === undefined) throw new PluginError(`no such stream: ${JSON.stringify(path)}`, { status: 500, source: "plugin" });
  const { kind, amount } = channel;
  for (let index = 0; kind === "tick" || index < amount; index += 1) {
    if (kind === "tick") await sleep(amount, undefined, { signal });
    yield tick([index]);
  }
}

function tick(values: readonly number[]): Frame {
  return frame({
    name: "tick",
    fields: [
      timeField(
        "time",
        values.map((value) => epoch + value * 1000),
      ),
      numberField("value", values),
    ],
  });
}
