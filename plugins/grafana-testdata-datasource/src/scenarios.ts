import { BadRequestError, type DataSourceSettings, type QueryHandler, readString } from "@dataplane/plugin-sdk";
import { chunked } from "./chunked.js";
import { csvContent, csvMetricValues } from "./csv.js";
import { logs } from "./logs.js";
import { datapointsOutsideRange, errorWithSource, noDataPoints, serverError500, slowQuery } from "./misbehaviour.js";
import { randomWalk, randomWalkTable } from "./random-walk.js";
import { rawFrame } from "./raw-frame.js";
import type { Scenario } from "./scenario.js";
import { streaming } from "./streaming.js";
import { predictableCsvWave, predictablePulse } from "./waves.js";

/** Every scenario, the default one first. */
export const scenarios: readonly Scenario[] = [
  randomWalk,
  randomWalkTable,
  csvContent,
  csvMetricValues,
  predictablePulse,
  predictableCsvWave,
  logs,
  rawFrame,
  streaming,
  chunked,
  slowQuery,
  noDataPoints,
  datapointsOutsideRange,
  serverError500,
  errorWithSource,
];

/** Other names: `error` for short, `live` as Grafana calls the scenario of channels. */
const aliases: ReadonlyMap<string, Scenario> = new Map([
  ["error", serverError500],
  ["live", streaming],
]);

const byId: ReadonlyMap<string, Scenario> = new Map([...aliases, ...scenarios.map((scenario) => [scenario.id, scenario] as const)]);

/** Runs the scenario that the query names: `scenarioId`, else its query type, else a random walk. */
export function scenarioRunner(settings: DataSourceSettings): QueryHandler {
  return async (query, call) => {
    const id = readString(query.json, "scenarioId", "") || query.queryType || randomWalk.id;
    const scenario = byId.get(id);
    if (scenario === undefined) throw new BadRequestError(`there is no scenario ${JSON.stringify(id)}; GET resources/scenarios lists them`);
    if (query.timeRange.from > query.timeRange.to) throw new BadRequestError("the time range ends before it begins");
    return scenario.run({ query, call, settings });
  };
}
