import { type PluginContext, servePlugin } from "@dataplane/plugin-protocol";
import { createLogger, type Logger, logLevelOf } from "./logger.js";
import { Metrics } from "./metrics.js";
import { ownWork } from "./own-work.js";
import type { PluginDefinition } from "./plugin-definition.js";
import { implementPlugin } from "./plugin-implementation.js";
import { collectProcessMetrics } from "./process-metrics.js";
import { type AppSettings, appSettingsOf, type DataSourceSettings, dataSourceSettingsOf } from "./settings.js";

export type DataSourcePlugin = PluginDefinition<DataSourceSettings>;
export type AppPlugin = PluginDefinition<AppSettings>;

/**
 * Serves a data source plugin over the protocol of backend plugins until the host shuts it down; the one call of a plugin's main file.
 * A process that no host started prints a notice and ends with exit code 1.
 */
export function serveDataSource(plugin: DataSourcePlugin): Promise<void> {
  return serve(plugin, dataSourceSettingsOf);
}

/** Serves an app plugin; otherwise as serveDataSource. */
export function serveApp(plugin: AppPlugin): Promise<void> {
  return serve(plugin, appSettingsOf);
}

/** As the Go SDK: calls in flight may finish before their instance is disposed of. */
const disposalGraceMs = 5000;
const lingerMs = 500;

async function serve<Settings>(definition: PluginDefinition<Settings>, settingsOf: (context: PluginContext) => Settings): Promise<void> {
  const logger = createLogger({
    module: "plugin",
    level: logLevelOf(process.env["GF_PLUGIN_LOG_LEVEL"]),
    write: (line) => process.stderr.write(line),
    now: () => new Date(),
  });
  surviveStrayErrors(logger);
  const metrics = new Metrics();
  collectProcessMetrics(metrics);
  const { implementation, dispose } = implementPlugin({ definition, settingsOf, logger, metrics, graceMs: disposalGraceMs });
  const work = definition.run === undefined ? undefined : ownWork(definition.run, logger);
  const onShutdown = async (): Promise<void> => {
    await work?.stop();
    await dispose();
  };
  await servePlugin({ implementation, env: process.env, onShutdown });
  // What a plugin left running (a timer, a connection) must not keep its process until the host kills it.
  setTimeout(() => process.exit(), lingerMs).unref();
}

/** One forgotten promise must not end the answers to everyone else. */
function surviveStrayErrors(logger: Logger): void {
  process.on("unhandledRejection", (reason) => logger.error("unhandled rejection", { error: reason }));
  process.on("uncaughtException", (error) => logger.error("uncaught exception", { error }));
}
