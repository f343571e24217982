import { BadRequestError, frame, isJsonObject, type JsonObject, numberField, readNumber, readString, timeField } from "@dataplane/plugin-sdk";
import { numbersOf, seriesFrame } from "./csv.js";
import type { Scenario } from "./scenario.js";
import { alignedTimesOf, labelsOf, seriesName } from "./series.js";

/** On for some steps, off for some: a pure function of time, so that two queries always agree. */
export const predictablePulse: Scenario = {
  id: "predictable_pulse",
  name: "Predictable Pulse",
  description: "A pulse that depends on time alone; pulseWave has timeStep (seconds), onCount, onValue, offCount, offValue.",
  run: ({ query }) => {
    const wave = query.json["pulseWave"] ?? {};
    if (!isJsonObject(wave)) throw new BadRequestError("pulseWave must be an object");
    const step = stepMs(wave);
    const onCount = readNumber(wave, "onCount", 3);
    const period = onCount + readNumber(wave, "offCount", 3);
    if (period <= 0 || onCount < 0) throw new BadRequestError("pulseWave: onCount and offCount must not be negative, and not both be 0");
    const on = readNumber(wave, "onValue", 2);
    const off = readNumber(wave, "offValue", 1);
    const times = alignedTimesOf(query, step);
    return [
      seriesFrame(
        query,
        times,
        times.map((time) => (modulo(time / step, period) < onCount ? on : off)),
      ),
    ];
  },
};

/** Given values, again and again: a pure function of time. */
export const predictableCsvWave: Scenario = {
  id: "predictable_csv_wave",
  name: "Predictable CSV Wave",
  description: "The values of each csvWave (valuesCSV, timeStep in seconds, name, labels) repeated; it depends on time alone.",
  run: ({ query }) => {
    const waves = query.json["csvWave"] ?? [{}];
    if (!Array.isArray(waves) || !waves.every(isJsonObject)) throw new BadRequestError("csvWave must be a list of objects");
    return waves.map((wave, index) => {
      const step = stepMs(wave);
      const values = numbersOf(readString(wave, "valuesCSV", "0,0,2,2,1,1"));
      const times = alignedTimesOf(query, step);
      const labels = labelsOf(wave["labels"]);
      return frame({
        meta: { type: "timeseries-multi", typeVersion: [0, 1] },
        fields: [
          timeField("time", times),
          numberField(
            readString(wave, "name", seriesName(query, index, waves.length)),
            times.map((time) => values[modulo(time / step, values.length)] ?? null),
            { nullable: true, ...(labels === undefined ? {} : { labels }) },
          ),
        ],
      });
    });
  },
};

function stepMs(wave: JsonObject): number {
  const seconds = readNumber(wave, "timeStep", 60);
  if (seconds < 0.001) throw new BadRequestError("timeStep must be at least 0.001 seconds");
  return Math.round(seconds * 1000);
}

/** Also right for times before 1970. */
const modulo = (value: number, period: number) => ((Math.round(value) % period) + period) % period;
