import { setTimeout as sleep } from "node:timers/promises";
import {
  type Call,
  type DataSourceSettings,
  type Frame,
  type FrameChunks,
  frame,
  integerField,
  PluginError,
  type Query,
  readNumber,
  readString,
  stringField,
} from "@dataplane/plugin-sdk";
import { numbers, rowsFrom, typesFrames } from "./frames.js";

export interface QueryInput {
  readonly query: Query;
  readonly call: Call;
  readonly settings: DataSourceSettings;
  readonly pluginId: string;
  readonly count: (type: string) => void;
}

const small = numbers("small", 10, false);
// Made once: what is measured is a frame's way out, not its making.
let madeLarge: Frame | undefined;

function large(): Frame {
  madeLarge ??= numbers("large", 100_000, true);
  return madeLarge;
}

type Answer = readonly Frame[] | FrameChunks | Promise<readonly Frame[]>;

const kinds: Readonly<Record<string, (input: QueryInput) => Answer>> = {
  small: () => [small],
  large: () => [large()],
  rows: ({ query }) => [numbers("rows", bounded(query, "rows", { min: 0, max: 1_000_000 }), true)],
  types: () => typesFrames(),
  echo: (input) => [echo(input)],
  error: () => {
    throw new PluginError("the test plugin was asked to fail", { status: 502, source: "plugin" });
  },
  slow: async ({ query, call }) => {
    await sleep(readNumber(query.json, "delayMs", 0), undefined, { signal: call.signal });
    return [small];
  },
  chunks: (input) => chunked(input, { frameIds: ["rows"] }),
  "chunks-error": (input) => chunkedWithError(input),
  endless: (input) => chunked(input, { frameIds: ["rows"], endless: true }),
  interleaved: (input) => chunked(input, { frameIds: ["left", "right"] }),
};

/** Answers a query by its type, the message's own or else the JSON's. An unknown type is a bad request for that refId alone. */
export function answerQuery(input: QueryInput): Answer {
  const { queryType, json } = input.query;
  const kind = queryType === "" ? readString(json, "queryType", "") : queryType;
  const answer = Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
  // Only known types become a label, so that a client cannot grow the metric.
  input.count(answer === undefined ? "unknown" : kind);
  if (answer === undefined) throw badRequest(`unknown query type ${JSON.stringify(kind)}`);
  return answer(input);
}

/** One row of what reached the plugin. */
function echo({ query, call, settings, pluginId }: QueryInput): Frame {
  const { from, to } = query.timeRange;
  const text = (name: string, value: string) => stringField(name, [value]);
  return frame({
    name: "echo",
    fields: [
      text("refId", query.refId),
      text("from", goTime(from)),
      text("to", goTime(to)),
      integerField("intervalMs", [query.intervalMs]),
      integerField("maxDataPoints", [query.maxDataPoints]),
      text("pluginId", pluginId),
      integerField("orgId", [call.orgId]),
      text("namespace", call.namespace),
      text("login", call.user?.login ?? ""),
      text("datasourceUid", settings.uid),
      text("url", settings.url),
      text("token", settings.secure["token"] ?? ""),
      text("json", JSON.stringify(query.json)),
    ],
  });
}

/** RFC 3339 without trailing zeros, as Go writes it. */
const goTime = (time: Date) =>
  time.toISOString().replace(/\.(\d\d\d)Z$/, (_, digits: string) => {
    const kept = digits.replace(/0{1,3}$/, "");
    return kept === "" ? "Z" : `.${kept}Z`;
  });

/** `chunks` chunks of `chunkRows` rows of one frame (or of two frames in turns), `delayMs` apart. */
async function* chunked({ query, call }: QueryInput, options: { readonly frameIds: readonly string[]; readonly endless?: boolean }): FrameChunks {
  const count = options.endless === true ? Number.POSITIVE_INFINITY : bounded(query, "chunks", { min: 0, max: 1_000_000 });
  const rows = bounded(query, "chunkRows", { min: 0, max: 1_000_000 });
  const delay = readNumber(query.json, "delayMs", 0);
  for (let index = 0; index < count; index += 1) {
    // Also without a delay: the process must see a host that leaves.
    if (index > 0) await sleep(delay, undefined, { signal: call.signal });
    for (const frameId of options.frameIds) yield { frameId, frame: rowsFrom(frameId, index * rows, rows) };
  }
}

async function* chunkedWithError(input: QueryInput): FrameChunks {
  yield* chunked(input, { frameIds: ["rows"] });
  throw new PluginError("the test plugin was asked to fail midway", { status: 502, source: "plugin" });
}

function bounded(query: Query, name: string, { min, max }: { readonly min: number; readonly max: number }): number {
  const value = readNumber(query.json, name, 0);
  if (!Number.isInteger(value) || value < min || value > max) throw badRequest(`${name} must be ${min} to ${max}`);
  return value;
}

/** The Go SDK takes every error that nobody says more of for the plugin's own. */
const badRequest = (message: string) => new PluginError(message, { status: 400, source: "plugin" });
