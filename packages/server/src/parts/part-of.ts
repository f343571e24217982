import { existsSync } from "node:fs";
import path from "node:path";
import type { Clock, Logger } from "@dataplane/meta";
import { type Config, ConfigError } from "../config/load-config.js";

/** Another server of ours, as this process reaches it. */
export interface Peer {
  /** Without a slash at the end; empty when it was not told. */
  readonly url: string;
  /** PEM of the CAs that its certificate is of. */
  readonly caFile: string;
}

const patienceMs = 60_000;
const lookMs = 200;

/** Throws ConfigError for what is impossible in the target's shape. */
export function requirePossible(config: Config): void {
  requireUrl("[server] advertise_url", config.advertiseUrl, "optional");
  if (config.workers > 0 && (config.target !== "all" || !config.dataplaneAggregator))
    throw new ConfigError(
      "[server] workers answer for a data plane that has its API server beside it: target must be all, and dataplaneAggregator on",
    );
  if (config.target === "all") return;
  if (!config.ensureKubectlAccess) {
    throw new ConfigError(`[server] target = ${config.target} needs HTTPS: [feature_toggles] grafanaAPIServerEnsureKubectlAccess must be on`);
  }
  if (config.target === "apiserver") {
    requireUrl("[aggregator] url", config.aggregatorUrl, "optional");
    if (config.aggregatorUrl !== "") requireCa("[aggregator]", config.aggregatorCaFile, config.aggregatorData);
    return;
  }
  requireUrl("[grafana-apiserver] url", config.apiServerUrl, "required");
  requireCa("[grafana-apiserver]", config.apiServerCaFile, config.apiServerData);
  if (!config.dataplaneAggregator && !config.kubernetesAggregator) {
    throw new ConfigError("[server] target = aggregator has nothing to do: both aggregators are off in [feature_toggles]");
  }
  if (config.apiServerData !== "") return;
  const files = { proxy_client_cert_file: config.proxyClientCertFile, requestheader_client_ca_file: config.requestHeaderClientCaFile };
  for (const [key, value] of Object.entries(files)) {
    if (value === "")
      throw new ConfigError(`[server] target = aggregator needs [grafana-apiserver] ${key}, or data where the API server is on this machine`);
  }
}

function requireUrl(name: string, value: string, presence: "required" | "optional"): void {
  if (value === "" && presence === "optional") return;
  const isUsable = URL.canParse(value) && new URL(value).protocol === "https:";
  if (!isUsable) throw new ConfigError(`${name} must be an https address${value === "" ? "" : `, found ${JSON.stringify(value)}`}`);
}

function requireCa(section: string, caFile: string, data: string): void {
  if (caFile === "" && data === "") throw new ConfigError(`${section} needs ca_file, or data where that server is on this machine`);
}

/** The configuration with files of the API server's data folder in place of those that were not configured. */
export function withFilesOfApiServer(config: Config, root: string): Config {
  if (config.target !== "aggregator" || config.apiServerData === "") return config;
  const own = (file: string): string => path.join(path.resolve(root, config.apiServerData), "keys", file);
  const pair = config.proxyClientCertFile === "" && config.proxyClientKeyFile === "";
  return {
    ...config,
    ...(pair ? { proxyClientCertFile: own("front-proxy-client.crt"), proxyClientKeyFile: own("front-proxy-client.key") } : {}),
    ...(config.requestHeaderClientCaFile === "" ? { requestHeaderClientCaFile: own("front-proxy-ca.crt") } : {}),
    ...(config.clientCaFile === "" ? { clientCaFile: own("client-ca.crt") } : {}),
  };
}

/** The first start of both: the API server makes the files that the aggregator needs. Throws ConfigError when they do not come. */
export async function filesAreThere(
  config: Config,
  root: string,
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
): Promise<void> {
  if (config.target !== "aggregator") return;
  const named = [config.proxyClientCertFile, config.proxyClientKeyFile, config.requestHeaderClientCaFile, config.clientCaFile].filter(
    (it) => it !== "",
  );
  const files = [...named.map((it) => path.resolve(root, it)), apiServerOf(config, root).caFile];
  const missing = (): string | undefined => files.find((file) => !existsSync(file));
  const until = clock.now().getTime() + patienceMs;
  if (missing() !== undefined) logger.info({ file: missing() }, "waiting for the files of the API server");
  while (missing() !== undefined) {
    if (clock.now().getTime() > until) throw new ConfigError(`${missing() ?? ""} is not there: start the API server first, or copy its file`);
    await clock.sleep(lookMs);
  }
}

export const apiServerOf = ({ apiServerUrl, apiServerCaFile, apiServerData }: Config, root: string): Peer =>
  peerOf(root, { url: apiServerUrl, caFile: apiServerCaFile, data: apiServerData });

export const aggregatorOf = ({ aggregatorUrl, aggregatorCaFile, aggregatorData }: Config, root: string): Peer =>
  peerOf(root, { url: aggregatorUrl, caFile: aggregatorCaFile, data: aggregatorData });

const peerOf = (root: string, { url, caFile, data }: { readonly url: string; readonly caFile: string; readonly data: string }): Peer => ({
  url: url.replace(/\/$/, ""),
  caFile: caFile === "" ? path.join(path.resolve(root, data), "keys", "ca.crt") : path.resolve(root, caFile),
});
