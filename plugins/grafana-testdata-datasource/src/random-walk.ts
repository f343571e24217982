import { BadRequestError, type Frame, frame, numberField, type Query, readNumber, readString, stringField, timeField } from "@dataplane/plugin-sdk";
import { createRandom, type Random } from "./random.js";
import type { Scenario } from "./scenario.js";
import { labelsOf, seriesName, timesOf } from "./series.js";

/** One walk for each series: the same numbers again when the query has a `seed`. */
export const randomWalk: Scenario = {
  id: "random_walk",
  name: "Random Walk",
  description: "Numbers that go up and down by chance; seed, seriesCount, startValue, spread, noise, min, max, dropPercent and labels shape them.",
  run: ({ query }) => {
    const count = countOf(query);
    return Array.from({ length: count }, (_, index) => walkFrame(query, index, count));
  },
};

function countOf(query: Query): number {
  const count = readNumber(query.json, "seriesCount", 1);
  if (!Number.isInteger(count) || count < 1 || count > 1000) throw new BadRequestError("seriesCount must be a whole number from 1 to 1000");
  return count;
}

function walkFrame(query: Query, index: number, count: number): Frame {
  const times = timesOf(query);
  const labels = labelsOf(query.json["labels"]);
  const random = randomOf(query, index);
  const keep = 1 - readNumber(query.json, "dropPercent", 0) / 100;
  const rows = walk(query, times.length, random)
    .map((value, at) => ({ time: times[at] ?? 0, value }))
    .filter(() => keep >= 1 || random() < keep);
  const name = seriesName(query, index, count);
  return frame({
    meta: { type: "timeseries-multi", typeVersion: [0, 1] },
    fields: [
      timeField(
        "time",
        rows.map(({ time }) => time),
      ),
      numberField(
        name,
        rows.map(({ value }) => value),
        labels === undefined ? {} : { labels },
      ),
    ],
  });
}

/** The generator of a query's series: by its seed, if it has one. */
export function randomOf(query: Query, index: number): Random {
  const { seed } = query.json;
  if (seed === undefined || seed === null || seed === "") return createRandom(undefined);
  if (typeof seed !== "string" && typeof seed !== "number") throw new BadRequestError("seed must be a number or text");
  return createRandom(`${seed}/${index}`);
}

/** `length` steps of a walk; each value is within min and max. */
export function walk(query: Query, length: number, random: Random): readonly number[] {
  const { json } = query;
  const spread = readNumber(json, "spread", 1);
  const noise = readNumber(json, "noise", 0);
  const min = readNumber(json, "min", Number.NEGATIVE_INFINITY);
  const max = readNumber(json, "max", Number.POSITIVE_INFINITY);
  if (min > max) throw new BadRequestError("min must not be above max");
  let position = readNumber(json, "startValue", random() * 100);
  return Array.from({ length }, () => {
    const value = position + (noise === 0 ? 0 : (random() - 0.5) * 2 * noise);
    position = clamp(position + (random() - 0.5) * spread, min, max);
    return clamp(value, min, max);
  });
}

const clamp = (value: number, min: number, max: number) => Math.min(max, Math.max(min, value));

/** A walk as a table, with a state beside each number. */
export const randomWalkTable: Scenario = {
  id: "random_walk_table",
  name: "Random Walk Table",
  description: "One table: a walk with its minimum, maximum and a state in each row.",
  run: ({ query }) => {
    const times = timesOf(query);
    const random = randomOf(query, 0);
    const values = walk(query, times.length, random);
    const margins = values.map(() => random());
    return [
      frame({
        name: readString(query.json, "alias", query.refId),
        fields: [
          timeField("Time", times),
          numberField("Value", values),
          numberField(
            "Min",
            values.map((value, at) => value - (margins[at] ?? 0)),
          ),
          numberField(
            "Max",
            values.map((value, at) => value + (margins[at] ?? 0)),
          ),
          stringField(
            "Info",
            values.map((value, at) => (value > (values[at - 1] ?? value) ? "up" : "down")),
          ),
        ],
      }),
    ];
  },
};
