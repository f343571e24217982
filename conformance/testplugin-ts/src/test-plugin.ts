import type { DataSourcePlugin, DataSourceSettings, HealthAnswer } from "@dataplane/plugin-sdk";
import { convert, mutate, validate } from "./hooks.js";
import { answerQuery } from "./queries.js";
import { answerResource } from "./resources.js";
import { streams } from "./streams.js";

/** The Go test plugin's answers; see ../README.md. */
export const testPlugin: DataSourcePlugin = {
  createInstance: (settings, { metrics, pluginId }) => {
    const queries = metrics.counter({ name: "acme_testplugin_queries_total", help: "Queries answered, by query type." });
    return {
      alwaysArrow: settings.jsonData["alwaysArrow"] === true,
      queryData: (query, call) => answerQuery({ query, call, settings, pluginId, count: (type) => queries.add({ type }) }),
      callResource: (request, call) => answerResource({ request, call, settings, pluginId }),
      checkHealth: () => health(settings),
      streams,
    };
  },
  admission: { validate, mutate },
  conversion: convert,
};

function health({ uid, url, jsonData }: DataSourceSettings): HealthAnswer {
  const details = { uid, url };
  if (jsonData["healthy"] === false) return { status: "error", message: "set to be unhealthy", details };
  return { status: "ok", message: "test plugin is well", details };
}
