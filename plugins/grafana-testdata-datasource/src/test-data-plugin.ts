import type { DataSourcePlugin } from "@dataplane/plugin-sdk";
import { streams } from "./channels.js";
import { admission, conversion } from "./hooks.js";
import { resources } from "./resources.js";
import { scenarioRunner } from "./scenarios.js";

/** Answers that need nothing but this process. */
export const testDataPlugin: DataSourcePlugin = {
  createInstance: (settings) => ({
    queryData: scenarioRunner(settings),
    callResource: resources,
    checkHealth: () => ({ status: "ok", message: "Data source is working" }),
    streams,
  }),
  admission,
  conversion,
};
