import type { Call, DataSourcePlugin } from "@dataplane/plugin-sdk";
import { answerQuery } from "./answer-query.js";
import { checkHealth } from "./health.js";
import { HttpClient } from "./http-client.js";
import { PrometheusApi } from "./prometheus-api.js";
import { type PrometheusSettings, readSettings } from "./prometheus-settings.js";
import { prometheusResources } from "./resources.js";

/** The Prometheus data source: one HTTP client for each instance. */
export const prometheusPlugin: DataSourcePlugin = {
  createInstance: (given, { config }) => {
    const settings = readSettings(given, config);
    const http = new HttpClient(settings);
    const api = new PrometheusApi(http, settings.method);
    const headersOf = (call: Call) => forwarded(call, settings);
    const apiCallOf = (call: Call) => ({ signal: call.signal, headers: headersOf(call) });
    return {
      queryData: (query, call) => answerQuery({ query, call, api, apiCall: apiCallOf(call), scrapeInterval: settings.scrapeInterval }),
      callResource: prometheusResources(http, headersOf),
      checkHealth: (call) => checkHealth(api, apiCallOf(call), new Date()),
      dispose: () => http.close(),
    };
  },
};

/** The user's own headers that Prometheus gets: cookies the host let through, and the login where the data source says so. */
function forwarded(call: Call, { oauthPassThru }: PrometheusSettings): Readonly<Record<string, string>> {
  const names = oauthPassThru ? ["Cookie", "Authorization", "X-Id-Token"] : ["Cookie"];
  const pairs = names.flatMap((name) => {
    const value = call.header(name);
    return value === undefined || value === "" ? [] : [[name.toLowerCase(), value] as const];
  });
  return Object.fromEntries(pairs);
}
