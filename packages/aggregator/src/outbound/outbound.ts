import type { Socket } from "node:net";
import type { Dispatcher } from "undici";
import type { DestinationRules, UrlAuthor } from "./destination-rules.js";
import type { ResolveHost } from "./guarded-connector.js";

/** How TLS is spoken with one backend. PEM texts; never logged. */
export interface OutboundTls {
  readonly skipVerify?: boolean;
  /** In place of the system's. */
  readonly caCertificates?: string;
  readonly clientCertificate?: string;
  readonly clientKey?: string;
  /** For SNI, and for the name in the certificate. */
  readonly serverName?: string;
}

/** By which rules and with which TLS a connection is opened. */
export interface OutboundRoute {
  readonly author: UrlAuthor;
  readonly tls?: OutboundTls;
}

export interface OutboundOptions {
  readonly rules?: DestinationRules;
  readonly resolve?: ResolveHost;
  /** `[dataproxy] dialTimeout`; 10 s unless told. */
  readonly connectTimeoutMs?: number;
  /** `[dataproxy] idle_conn_timeout_seconds`; 90 s unless told. */
  readonly idleTimeoutMs?: number;
}

/** All connections of this server to backends that are no plugins: data sources, token servers, backends by HTTP. */
export interface Outbound {
  /** Keeps connections for those who come by the same route. It follows no redirect. */
  dispatcher(route: OutboundRoute): Promise<Dispatcher>;
  /** One connection for a protocol of its own; with TLS for https. Rejects with DestinationDenied, or as Node does. */
  connect(url: URL, route: OutboundRoute): Promise<Socket>;
  /** Cuts every connection. */
  close(): Promise<void>;
}

/** undici is loaded for the first request: it is a quarter of all the code, and many servers never call a backend by HTTP. */
export function createOutbound(options: OutboundOptions = {}): Outbound {
  let opened: Promise<Outbound> | undefined;
  const connections = (): Promise<Outbound> => (opened ??= import("./outbound-connections.js").then((it) => it.openConnections(options)));
  return {
    dispatcher: async (route) => (await connections()).dispatcher(route),
    connect: async (url, route) => (await connections()).connect(url, route),
    close: async () => (await opened)?.close(),
  };
}

let shared: Outbound | undefined;

/** With the default rules, for those who were given none. */
export function defaultOutbound(): Outbound {
  shared ??= createOutbound();
  return shared;
}
