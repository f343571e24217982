import { boolean, duration, integer, list, oneOf, port, setting, text } from "../setting.js";
import { addressRules } from "./address-rules.js";

/** Where the server keeps its things and listens; its first user; its log. */
export const serverSettings = {
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
  workers: setting(
    "server",
    "workers",
    integer(0, 64),
    "0",
    "Processes beside the main one that answer the requests of the data plane, on the same ports. 0: the main process answers all itself.",
  ),
  rootUrl: setting(
    "server",
    "root_url",
    text,
    "",
    "Address of this server as its users know it; empty means http://localhost and the port. Told to plugins.",
  ),
  shutdownDelay: setting(
    "server",
    "shutdown_delay",
    duration,
    "0s",
    "How long requests are still taken after SIGTERM, while readyz fails already: as long as the load balancer in front takes to notice.",
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
  dataSourceWhitelist: setting(
    "security",
    "data_source_proxy_whitelist",
    addressRules,
    "",
    "When not empty, the only hosts (host:port, addresses, blocks) that the data source proxy reaches at a data source's own URL.",
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
  maxRequestsInFlight: setting(
    "grafana-apiserver",
    "max_requests_inflight",
    integer(0, 1_000_000),
    "400",
    "Reads of stored resources answered at one time; what comes meanwhile is told to come again (429). Watches and administrators are not counted. 0: no limit.",
  ),
  maxMutatingRequestsInFlight: setting("grafana-apiserver", "max_mutating_requests_inflight", integer(0, 1_000_000), "200", "The same for writes."),
  workloadKinds: setting(
    "grafana-apiserver",
    "workload_kinds",
    boolean,
    "false",
    "Serve Pods, Deployments and other kinds of workloads as plain data, with no controller behind them.",
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
