import { certificateSettings } from "./settings/certificates.js";
import { databaseSettings } from "./settings/database.js";
import { dataproxySettings } from "./settings/dataproxy.js";
import { liveSettings } from "./settings/live.js";
import { metricsSettings } from "./settings/metrics.js";
import { partsSettings } from "./settings/parts.js";
import { pluginsSettings } from "./settings/plugins.js";
import { querySettings } from "./settings/query.js";
import { serverSettings } from "./settings/server.js";

/** Every key of the configuration, one file a part of the server. Names are Grafana's where Grafana has the key. */
export const settings = {
  ...serverSettings,
  ...partsSettings,
  ...databaseSettings,
  ...certificateSettings,
  ...pluginsSettings,
  ...dataproxySettings,
  ...querySettings,
  ...liveSettings,
  ...metricsSettings,
} as const;

export type Settings = typeof settings;
export type SettingName = keyof Settings;

/** Section prefix whose keys are free: `[plugin.<id>]`, passed to that plugin as `GF_PLUGIN_<KEY>`. */
export const pluginSectionPrefix = "plugin.";
