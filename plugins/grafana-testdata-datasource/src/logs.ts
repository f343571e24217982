import { BadRequestError, frame, jsonField, readNumber, stringField, timeField } from "@dataplane/plugin-sdk";
import { randomOf } from "./random-walk.js";
import type { Scenario } from "./scenario.js";
import { maxRows, rangeOf } from "./series.js";

const severities = ["debug", "info", "info", "info", "warning", "error"] as const;
const bodies = ["request served", "cache refreshed", "connection closed by peer", "retrying after a failure", "configuration read"] as const;

/** Log lines as the data plane contract has them (https://grafana.com/developers/dataplane/logs). */
export const logs: Scenario = {
  id: "logs",
  name: "Logs",
  description: "Log lines spread over the range, newest first; lines says how many.",
  run: ({ query }) => {
    const lines = readNumber(query.json, "lines", 10);
    if (!Number.isInteger(lines) || lines < 0 || lines > maxRows) throw new BadRequestError(`lines must be a whole number from 0 to ${maxRows}`);
    const random = randomOf(query, 0);
    const { from, to } = rangeOf(query);
    const pick = <Value extends string>(values: readonly [Value, ...Value[]]) => values[Math.floor(random() * values.length)] ?? values[0];
    const rows = Array.from({ length: lines }, (_, index) => ({
      time: Math.round(to - ((index + 1) * (to - from)) / (lines + 1)),
      severity: pick(severities),
      body: pick(bodies),
    }));
    return [
      frame({
        name: "logs",
        meta: { type: "log-lines", typeVersion: [0, 0], preferredVisualisationType: "logs" },
        fields: [
          timeField(
            "timestamp",
            rows.map(({ time }) => time),
          ),
          stringField(
            "body",
            rows.map(({ severity, body }) => `level=${severity} msg=${JSON.stringify(body)}`),
          ),
          stringField(
            "severity",
            rows.map(({ severity }) => severity),
          ),
          stringField(
            "id",
            rows.map(({ time }, index) => `${time}-${index}`),
          ),
          jsonField(
            "labels",
            rows.map(({ severity }) => ({ level: severity, source: "testdata" })),
          ),
        ],
      }),
    ];
  },
};
