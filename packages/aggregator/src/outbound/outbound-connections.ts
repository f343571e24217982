import { createHash } from "node:crypto";
import { Agent, type buildConnector } from "undici";
import { defaultRules } from "./destination-rules.js";
import { type ConnectorTls, guardedConnector, resolveBySystem } from "./guarded-connector.js";
import type { Outbound, OutboundOptions, OutboundRoute, OutboundTls } from "./outbound.js";

/** Agents beyond these are closed, the one that was not used for longest first; requests in flight finish. */
const mostAgents = 512;
/** And those that nobody used for so long: a client's key is kept no longer than its data source is in use. */
const agentLifeMs = 10 * 60_000;

interface Kept {
  readonly agent: Agent;
  readonly usedAt: number;
}

/** The connections themselves, on undici. */
export function openConnections(options: OutboundOptions): Outbound {
  const { rules = defaultRules, resolve = resolveBySystem, connectTimeoutMs = 10_000, idleTimeoutMs = 90_000 } = options;
  const agents = new Map<string, Kept>();
  const connector = ({ author, tls = {} }: OutboundRoute): buildConnector.connector =>
    guardedConnector({ rules, author, resolve, connectTimeoutMs, tls: nodeTls(tls) });

  return {
    dispatcher(route): Promise<Agent> {
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
      return Promise.resolve(agent);
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
