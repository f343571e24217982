import { oneOf, setting, text } from "../setting.js";

/** Which part of the whole this process is, and where the other one is. */
export const partsSettings = {
  target: setting(
    "server",
    "target",
    oneOf("all", "aggregator", "apiserver"),
    "all",
    "What this process serves: all; or the aggregators with the plugins, before an API server elsewhere; or that API server with the store.",
  ),
  apiServerUrl: setting(
    "grafana-apiserver",
    "url",
    text,
    "",
    "HTTPS address of the API server, for target aggregator. Its certificate must name the host.",
  ),
  apiServerCaFile: setting(
    "grafana-apiserver",
    "ca_file",
    text,
    "",
    "CAs, PEM, that the API server's certificate is of. Empty: keys/ca.crt of data.",
  ),
  apiServerData: setting(
    "grafana-apiserver",
    "data",
    text,
    "",
    "Data folder of the API server, where that is on this machine: certificates that are not configured are those in its keys folder.",
  ),
  aggregatorUrl: setting(
    "aggregator",
    "url",
    text,
    "",
    "HTTPS address of the aggregator, for target apiserver: plugins are asked there about objects. Empty: nobody can be asked, and writes that need it are refused.",
  ),
  aggregatorCaFile: setting("aggregator", "ca_file", text, "", "CAs, PEM, that the aggregator's certificate is of. Empty: keys/ca.crt of data."),
  aggregatorData: setting("aggregator", "data", text, "", "Data folder of the aggregator, where that is on this machine."),
} as const;
