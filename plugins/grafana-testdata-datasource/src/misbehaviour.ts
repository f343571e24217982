import { setTimeout as sleep } from "node:timers/promises";
import { BadRequestError, DownstreamError, frame, numberField, PluginError, readNumber, readString, timeField } from "@dataplane/plugin-sdk";
import { randomWalk } from "./random-walk.js";
import type { Scenario } from "./scenario.js";
import { rangeOf, seriesName } from "./series.js";

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };

/** Milliseconds of a text such as `500ms`, `5s` or `1m`; plain numbers are seconds. Throws BadRequestError. */
export function durationMs(text: string): number {
  const parts = /^([\d.]+)(ms|s|m)?$/.exec(text.trim());
  const scale = units[parts?.[2] ?? "s"];
  const amount = Number(parts?.[1] ?? Number.NaN);
  if (Number.isNaN(amount) || scale === undefined) throw new BadRequestError(`${JSON.stringify(text)} is not a duration such as 500ms or 5s`);
  const duration = amount * scale;
  if (duration > 600_000) throw new BadRequestError("a slow query takes ten minutes at most");
  return duration;
}

export const slowQuery: Scenario = {
  id: "slow_query",
  name: "Slow Query",
  description: "A random walk after the time in stringInput; a client that leaves ends the wait.",
  stringInput: "5s",
  run: async (input) => {
    const text = readString(input.query.json, "stringInput", "");
    await sleep(durationMs(text === "" ? "5s" : text), undefined, { signal: input.call.signal });
    return randomWalk.run(input);
  },
};

export const serverError500: Scenario = {
  id: "server_error_500",
  name: "Server Error (500)",
  description: "An unexpected failure inside the plugin.",
  run: () => {
    throw new Error("Test Data Panic!");
  },
};

export const errorWithSource: Scenario = {
  id: "error_with_source",
  name: "Error with source",
  description: "A failure of the data source or, with errorSource: plugin, of the plugin; status and stringInput give its code and text.",
  run: ({ query: { json } }) => {
    const message = readString(json, "stringInput", "") || "error from the data source";
    const status = readNumber(json, "status", 500);
    if (!Number.isInteger(status) || status < 400 || status > 599) throw new BadRequestError("status must be from 400 to 599");
    const source = readString(json, "errorSource", "downstream");
    throw source === "plugin" ? new PluginError(message, { status, source }) : new DownstreamError(message, { status });
  },
};

export const noDataPoints: Scenario = {
  id: "no_data_points",
  name: "No Data Points",
  description: "An answer without a frame.",
  run: () => [],
};

export const datapointsOutsideRange: Scenario = {
  id: "datapoints_outside_range",
  name: "Datapoints Outside Range",
  description: "One point, an hour before the range.",
  run: ({ query }) => {
    const before = rangeOf(query).from - 3_600_000;
    return [frame({ fields: [timeField("time", [before]), numberField(seriesName(query, 0, 1), [10])] })];
  },
};
