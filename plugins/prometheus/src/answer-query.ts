import { type Call, type Frame, PluginError, type Query, type QueryAnswer } from "@dataplane/plugin-sdk";
import { exemplarFrames } from "./exemplar-frame.js";
import type { ApiCall, PrometheusApi } from "./prometheus-api.js";
import { type PrometheusQuery, readQuery } from "./prometheus-query.js";
import { resultFrames } from "./result-frames.js";
import { alignToStep } from "./step.js";

/** Asks for all that a query wants at once: series over the range, their last values, exemplars. */
export async function answerQuery(options: {
  readonly query: Query;
  readonly call: Call;
  readonly api: PrometheusApi;
  readonly apiCall: ApiCall;
  readonly scrapeInterval: string;
}): Promise<QueryAnswer> {
  const { api, apiCall, scrapeInterval } = options;
  const query = readQuery(options.query, { scrapeInterval, fromAlert: options.call.header("FromAlert") === "true" });
  const asked = await Promise.allSettled([
    ...(query.range ? [askRange(api, query, apiCall)] : []),
    ...(query.instant ? [askInstant(api, query, apiCall)] : []),
    ...(query.exemplar ? [askExemplars(api, query, apiCall)] : []),
  ]);
  const frames = asked.flatMap((part) => (part.status === "fulfilled" ? part.value : []));
  const failures = asked.flatMap((part) =>
    part.status === "rejected" ? [part.reason instanceof Error ? part.reason : new Error(String(part.reason))] : [],
  );
  const [failure] = failures;
  if (failure === undefined) return { frames };
  // One half of an answer is worth having; our own faults are not to be hidden behind it.
  if (failure instanceof PluginError) return { frames, error: failure };
  throw failure;
}

async function askRange(api: PrometheusApi, query: PrometheusQuery, call: ApiCall): Promise<readonly Frame[]> {
  const { stepMs, utcOffsetSec, expr } = query;
  const start = seconds(alignToStep(query.from, stepMs, utcOffsetSec));
  const end = seconds(alignToStep(query.to, stepMs, utcOffsetSec));
  return resultFrames(query, await api.ask("query_range", { query: expr, start, end, step: seconds(stepMs) }, call));
}

async function askInstant(api: PrometheusApi, query: PrometheusQuery, call: ApiCall): Promise<readonly Frame[]> {
  return resultFrames(query, await api.ask("query", { query: query.expr, time: seconds(query.to) }, call));
}

async function askExemplars(api: PrometheusApi, query: PrometheusQuery, call: ApiCall): Promise<readonly Frame[]> {
  const { data } = await api.ask("query_exemplars", { query: query.expr, start: seconds(query.from), end: seconds(query.to) }, call);
  return exemplarFrames(data);
}

/** Prometheus takes times and steps in seconds; three places hold our milliseconds. */
const seconds = (milliseconds: number) => String(milliseconds / 1000);
