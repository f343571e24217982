import { createHash } from "node:crypto";
import type { Socket } from "node:net";
import { Agent, type buildConnector, type Dispatcher } from "undici";
import { type DestinationRules, defaultRules, type UrlAuthor } from "./destination-rules.js";
import { type ConnectorTls, guardedConnector, type ResolveHost, resolveBySystem } from "./guarded-connector.js";

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
  dispatcher(route: OutboundRoute): Dispatcher;
  /** One connection for a protocol of its own; with TLS for https. Rejects with DestinationDenied, or as Node does. */
  connect(url: URL, route: OutboundRoute): Promise<Socket>;
  /** Cuts every connection. */
  close(): Promise<void>;
}

/** Agents beyond these are closed, the one that was not used for longest first; requests in flight finish. */
const mostAgents = 512;
/** And those that nobody used for so long: a client's key is kept no longer than its data source is in use. */
const agentLifeMs = 10 * 60_000;

interface Kept {
  readonly agent: Agent;
  readonly usedAt: number;
}

export function createOutbound(options: OutboundOptions = {}): Outbound {
  const { rules = defaultRules, resolve = resolveBySystem, connectTimeoutMs = 10_000, idleTimeoutMs = 90_000 } = options;
  const agents = new Map<string, Kept>();
  const connector = ({ author, tls = {} }: OutboundRoute): buildConnector.connector =>
    guardedConnector({ rules, author, resolve, connectTimeoutMs, tls: nodeTls(tls) });

  return {
    dispatcher(route) {
      const key = keyOf(route);
      const agent = agents.get(key)?.agent ?? new Agent({ connect: connector(route), keepAliveTimeout: idleTimeoutMs, pipelining: 1 });
      agents.delete(key);
      const usedAt = performance.now();
      agents.set(key, { agent, usedAt });
      // From the one that was not used for longest.
      for (const [old, kept] of agents) {
        if (agents.size <= mostAgents && usedAt - kept.usedAt < agentLifeMs) break;
        agents.delete(old);
        // It resolves when the last request has ended, and nobody waits for that.
        void kept.agent.close();
      }
      return agent;
    },
    connect: ({ hostname, host, protocol, port }, route) =>
      new Promise((done, fail) => {
        connector(route)({ hostname, host, protocol, port }, (error, socket) => {
          if (socket === null) fail(error);
          else done(socket);
        });
      }),
    async close() {
      const all = [...agents.values()];
      agents.clear();
      await Promise.all(all.map(({ agent }) => agent.destroy()));
    },
  };
}

/** A hash: keys and certificates lie in no map key. */
const keyOf = ({ author, tls = {} }: OutboundRoute): string =>
  createHash("sha256")
    .update(JSON.stringify([author, tls.skipVerify === true, tls.caCertificates, tls.clientCertificate, tls.clientKey, tls.serverName]))
    .digest("base64");

const nodeTls = ({ skipVerify, caCertificates, clientCertificate, clientKey, serverName }: OutboundTls): ConnectorTls => ({
  // What an administrator asked for, on the data source itself.
  rejectUnauthorized: skipVerify !== true,
  ...(caCertificates === undefined ? {} : { ca: caCertificates }),
  ...(clientCertificate === undefined ? {} : { cert: clientCertificate }),
  ...(clientKey === undefined ? {} : { key: clientKey }),
  ...(serverName === undefined ? {} : { servername: serverName }),
});

let shared: Outbound | undefined;

/** With the default rules, for those who were given none. */
export function defaultOutbound(): Outbound {
  shared ??= createOutbound();
  return shared;
}
