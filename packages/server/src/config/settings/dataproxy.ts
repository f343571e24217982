import { boolean, duration, integer, setting } from "../setting.js";
import { addressRules } from "./address-rules.js";

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
    "Largest result of one query, in bytes of the frames that the plugin sends; more is an error of that result. 0 is no limit. Told to plugins.",
  ),
  rowLimit: setting(
    "dataproxy",
    "row_limit",
    integer(1, Number.MAX_SAFE_INTEGER),
    "1000000",
    "Most rows of one query's result; more is an error of that result. Told to plugins.",
  ),
  maxPluginMessage: setting(
    "dataproxy",
    "max_plugin_message",
    integer(1_048_576, 2_147_483_647),
    "268435456",
    "Largest message that is taken from a plugin, in bytes: a whole answer, or one chunk of it.",
  ),
  dialTimeout: setting("dataproxy", "dialTimeout", duration, "10s", "How long opening a connection to a data source or backend may take."),
  idleConnectionTimeout: setting(
    "dataproxy",
    "idle_conn_timeout_seconds",
    duration,
    "90s",
    "How long a connection to a data source or backend is kept that nobody uses.",
  ),
  allowAddresses: setting(
    "dataproxy",
    "allow_addresses",
    addressRules,
    "",
    "Hosts, host:port and blocks of addresses that routes of plugin.json and backends by HTTP may reach though they are not public: 10.1.0.0/16 auth.internal:8443.",
  ),
  denyAddresses: setting(
    "dataproxy",
    "deny_addresses",
    addressRules,
    "",
    "Hosts, host:port and blocks of addresses that no request of this server's proxies may reach, whatever else is allowed.",
  ),
} as const;
