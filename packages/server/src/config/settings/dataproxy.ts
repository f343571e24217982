import { boolean, duration, integer, setting } from "../setting.js";

/** Calls to plugins and data sources. */
export const dataproxySettings = {
  queryTimeout: setting("dataproxy", "timeout", duration, "30s", "How long a call to a plugin may take."),
  bodyLimit: setting(
    "dataproxy",
    "request_limit",
    integer(1, 1_073_741_824),
    "15728640",
    "Largest body of a data plane request, in bytes; plugins refuse more than 16 MiB.",
  ),

  sendUserHeader: setting("dataproxy", "send_user_header", boolean, "false", "Tell plugins who asks, in X-Grafana-User."),
  responseLimit: setting(
    "dataproxy",
    "response_limit",
    integer(0, Number.MAX_SAFE_INTEGER),
    "0",
    "Largest answer that a plugin should read from its data source, in bytes; 0 is no limit. Told to plugins.",
  ),
  rowLimit: setting(
    "dataproxy",
    "row_limit",
    integer(1, Number.MAX_SAFE_INTEGER),
    "1000000",
    "Most rows that a SQL plugin should return. Told to plugins.",
  ),
} as const;
