import { setTimeout as sleep } from "node:timers/promises";
import { DownstreamError, type FrameChunks, frame, numberField, readNumber, timeField } from "@dataplane/plugin-sdk";
import { boundedNumber } from "./bounded-number.js";
import { randomOf } from "./random-walk.js";
import type { Scenario, ScenarioInput } from "./scenario.js";
import { rangeOf } from "./series.js";

/** An answer that comes piece by piece, for trying out how a host passes pieces on. */
export const chunked: Scenario = {
  id: "chunked",
  name: "Chunked",
  description:
    "One frame in `chunks` pieces of `rows` rows, one each `chunkInterval` milliseconds; every `nanEvery`-th value is NaN, and `failAfter` chunks it fails.",
  run: (input) => chunksOf(input),
};

async function* chunksOf({ query, call }: ScenarioInput): FrameChunks {
  const { json } = query;
  const chunks = boundedNumber(json, "chunks", { fallback: 10, min: 1, max: 100_000 });
  const rows = boundedNumber(json, "rows", { fallback: 100, min: 1, max: 10_000 });
  const interval = boundedNumber(json, "chunkInterval", { fallback: 0, min: 0, max: 60_000 });
  const nanEvery = boundedNumber(json, "nanEvery", { fallback: 0, min: 0, max: 1e9 });
  const failAfter = readNumber(json, "failAfter", Number.POSITIVE_INFINITY);
  const { from, to } = rangeOf(query);
  const step = (to - from) / (chunks * rows);
  const random = randomOf(query, 0);
  let value = random() * 100;
  for (let index = 0; index < chunks; index += 1) {
    // Also without an interval: the process must see that its host has left.
    if (index > 0) await sleep(interval, undefined, { signal: call.signal });
    if (index >= failAfter) throw new DownstreamError(`failed after ${index} chunks, as asked`, { status: 502 });
    const places = Array.from({ length: rows }, (_, row) => index * rows + row);
    const values = places.map((place) => {
      value += random() - 0.5;
      return nanEvery > 0 && (place + 1) % nanEvery === 0 ? Number.NaN : value;
    });
    yield frame({
      name: "chunked",
      fields: [
        timeField(
          "time",
          places.map((place) => from + place * step),
        ),
        numberField("value", values),
      ],
    });
  }
}
