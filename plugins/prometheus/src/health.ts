import { type HealthAnswer, isJsonObject } from "@dataplane/plugin-sdk";
import type { ApiCall, PrometheusApi } from "./prometheus-api.js";
import { readResult } from "./result.js";

/** Healthy when Prometheus can add; says its version where it tells one. Throws DownstreamError. */
export async function checkHealth(api: PrometheusApi, call: ApiCall, now: Date): Promise<HealthAnswer> {
  const { data } = await api.ask("query", { query: "1+1", time: String(now.getTime() / 1000) }, call);
  const result = readResult(data);
  if (result.type === "string" || result.series[0]?.values[0] !== 2)
    return { status: "error", message: "Prometheus answered 1+1 with something else than 2" };
  const version = await versionOf(api, call);
  return {
    status: "ok",
    message: "Successfully queried the Prometheus API.",
    ...(version === undefined ? {} : { details: { application: "Prometheus", version } }),
  };
}

/** Servers that only speak like Prometheus need not have this endpoint. */
async function versionOf(api: PrometheusApi, call: ApiCall): Promise<string | undefined> {
  try {
    const { data } = await api.get("status/buildinfo", new URLSearchParams(), call);
    return isJsonObject(data) && typeof data["version"] === "string" ? data["version"] : undefined;
  } catch {
    return undefined;
  }
}
