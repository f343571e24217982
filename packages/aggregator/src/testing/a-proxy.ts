import type { JsonObject } from "@dataplane/meta";
import { parseAddressRules } from "../outbound/address-rules.js";
import { defaultRules } from "../outbound/destination-rules.js";
import { createOutbound } from "../outbound/outbound.js";
import type { KnownDataSource } from "./known-data-sources.js";
import { aDataPlaneService, aPlugin, type StartOptions, startAggregator, type TestAggregator } from "./start-aggregator.js";

/** Path of the proxy of `aProxy`. */
export const proxyPath = "/apis/p.grafana.app/v0alpha1/namespaces/default/datasources/main/proxy";

export interface ProxyParts extends Partial<KnownDataSource>, Pick<StartOptions, "clock" | "sendUserHeader" | "limits" | "guard"> {
  /** Of plugin.json, as written there. */
  readonly routes?: readonly JsonObject[];
  /** What `[dataproxy] allow_addresses` says; loopback unless told. */
  readonly allow?: readonly string[];
}

/** The data source `main` of the plugin `p`, behind the proxy. */
export function startProxy({
  routes = [],
  allow = ["127.0.0.0/8"],
  clock,
  sendUserHeader,
  limits,
  guard,
  ...dataSource
}: ProxyParts): TestAggregator {
  const plain = aPlugin({ id: "p" });
  const text = (value: unknown): string => (typeof value === "string" ? value : "");
  const parsed = routes.map((raw) => ({ path: text(raw["path"]), method: text(raw["method"]), url: text(raw["url"]), raw }));
  return startAggregator({
    plugins: [{ ...plain, json: { ...plain.json, routes: parsed } }],
    services: [aDataPlaneService({ plugin: "p", serves: ["datasource-proxy"] })],
    dataSources: [{ pluginId: "p", uid: "main", ...dataSource }],
    outbound: createOutbound({ rules: { ...defaultRules, allow: parseAddressRules(allow) } }),
    ...(clock === undefined ? {} : { clock }),
    ...(guard === undefined ? {} : { guard }),
    ...(limits === undefined ? {} : { limits }),
    sendUserHeader: sendUserHeader === true,
  });
}
