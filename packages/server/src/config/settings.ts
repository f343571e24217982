import { boolean, duration, integer, list, oneOf, port, type Setting, text } from "./setting.js";

const setting = <T>(section: string, key: string, kind: Setting<T>["kind"], fallback: string, doc: string, secret = false): Setting<T> => ({
  section,
  key,
  kind,
  default: fallback,
  doc,
  ...(secret ? { secret } : {}),
});

/** Every key of the configuration. Names are Grafana's where Grafana has the key. */
export const settings = {
  appMode: setting("", "app_mode", oneOf("production", "development"), "production", "development also loads unsigned plugins."),

  dataPath: setting(
    "paths",
    "data",
    text,
    "data",
    "Folder of the database, keys, certificates and the kubeconfig. A relative path counts from the repository's root.",
  ),
  pluginsPath: setting(
    "paths",
    "plugins",
    text,
    "data/plugins",
    "Folder whose subfolders are plugins, each with a plugin.json. Bundled plugins need no entry.",
  ),
  provisioningPath: setting("paths", "provisioning", text, "conf/provisioning", "Folder with datasources/*.yaml, read at start and when it changes."),

  httpAddr: setting("server", "http_addr", text, "", "Address to listen on; empty means all, IPv4 and IPv6."),
  httpPort: setting("server", "http_port", port, "3000", "Port of plain HTTP. 0 takes a free one."),
  rootUrl: setting(
    "server",
    "root_url",
    text,
    "",
    "Address of this server as its users know it; empty means http://localhost and the port. Told to plugins.",
  ),
  shutdownTimeout: setting("server", "shutdown_timeout", duration, "30s", "How long requests in flight may go on after SIGTERM."),

  adminUser: setting("security", "admin_user", text, "admin", "Name of the first user. Read at the first start only."),
  adminPassword: setting(
    "security",
    "admin_password",
    text,
    "admin",
    "Password of the first user, hashed at the first start only. While it is the default it works from loopback alone.",
    true,
  ),

  allowUnsigned: setting("plugins", "allow_loading_unsigned_plugins", list, "", "Ids of unsigned plugins that may load, parted by commas."),
  autoRegister: setting("plugins", "auto_register", boolean, "true", "Keep a DataPlaneService in the own group of each data source plugin."),
  pluginStartTimeout: setting("plugins", "start_timeout", duration, "60s", "How long a plugin process may take to print its handshake."),
  pluginStartWait: setting("plugins", "start_wait", duration, "10s", "How long a call waits for a plugin that is still starting."),
  pluginLink: setting(
    "plugins",
    "link",
    oneOf("native", "grpc-js"),
    "native",
    "Implementation of the gRPC connection to plugins: our own, or the library grpc-js.",
  ),

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
  concurrentQueries: setting(
    "query",
    "concurrent_query_limit",
    integer(1, 10_000),
    "10",
    "Queries that a plugin should run at once for one request. Told to plugins.",
  ),

  httpsAddr: setting("grafana-apiserver", "https_addr", text, "", "Address of the HTTPS listener; empty means all, IPv4 and IPv6."),
  httpsPort: setting(
    "grafana-apiserver",
    "https_port",
    port,
    "6443",
    "Port of HTTPS for kubectl. When it is taken a free one is used, and said in the log and the kubeconfig.",
  ),
  historyRetention: setting(
    "grafana-apiserver",
    "history_retention",
    duration,
    "10m",
    "How long a list can be continued, and a watch resumed, from an earlier state; clients that come later list anew.",
  ),

  enabledToggles: setting("feature_toggles", "enable", list, "", "Toggles to switch on, parted by commas."),
  dataplaneAggregator: setting("feature_toggles", "dataplaneAggregator", boolean, "true", "Serve DataPlaneServices and the data plane's routes."),
  kubernetesAggregator: setting("feature_toggles", "kubernetesAggregator", boolean, "true", "Serve APIServices."),
  ensureKubectlAccess: setting(
    "feature_toggles",
    "grafanaAPIServerEnsureKubectlAccess",
    boolean,
    "true",
    "Listen on HTTPS for kubectl and write the kubeconfig.",
  ),

  logLevel: setting("log", "level", oneOf("debug", "info", "warn", "error"), "info", "Least severe level that is logged."),
  logFormat: setting("log.console", "format", oneOf("text", "json"), "text", "Form of the log lines on the console."),
} as const;

export type Settings = typeof settings;
export type SettingName = keyof Settings;

/** Section prefix whose keys are free: `[plugin.<id>]`, passed to that plugin as `GF_PLUGIN_<KEY>`. */
export const pluginSectionPrefix = "plugin.";
