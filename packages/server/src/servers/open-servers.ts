import { X509Certificate } from "node:crypto";
import { hostname } from "node:os";
import { type ChannelOwners, channelName, type FanOut, type LiveChannel, type StreamChannels } from "@dataplane/aggregator";
import { remoteHeaders, requestHeaderAuthenticator } from "@dataplane/apiserver";
import type { ApiClient } from "@dataplane/client";
import { type Clock, type Handler, type Logger, TimeLimit } from "@dataplane/meta";
import type { PluginSource } from "@dataplane/plugin-host";
import type { Config } from "../config/load-config.js";
import type { Lifetime } from "../lifetime.js";
import { type Certificates, frontProxyName } from "../tls/certificates.js";
import type { Live } from "../tls/live.js";
import type { ServingCertificate } from "../tls/serving-certificate.js";
import { version } from "../version.js";
import { ChannelOwnership } from "./channel-ownership.js";
import { forgottenServers } from "./forgotten-servers.js";
import { ElectedLeading, type ElectedOptions, type Leading } from "./leading.js";
import { LivingServers } from "./living-servers.js";
import { peerEndpoint } from "./peer-endpoint.js";
import { Peers } from "./peers.js";
import { ServerLease } from "./server-lease.js";
import { hostOf, newServerId, pluginRecord, type ServerRecord } from "./server-record.js";
import { SharedPlugins, stampOf } from "./shared-plugins.js";

/** How servers of one store find each other; milliseconds unless it says seconds. */
export interface ServerTimes {
  readonly leaseSeconds: number;
  readonly renewMs: number;
  /** Of the Lease of the one who leads. */
  readonly election: Pick<ElectedOptions, "leaseSeconds" | "renewDeadlineSeconds" | "retrySeconds">;
}

/** So that streams go on within ten seconds after a machine broke. */
const defaultTimes: ServerTimes = { leaseSeconds: 6, renewMs: 2_000, election: {} };

export interface OpenServersOptions {
  readonly config: Pick<Config, "advertiseUrl" | "maxPluginMessage" | "requestHeaderAllowedNames">;
  /** As the control plane. */
  readonly client: ApiClient;
  /** Of this server. */
  readonly plugins: PluginSource;
  readonly certificates: Pick<Certificates, "requestHeaderCa" | "frontProxy">;
  readonly serving: Live<Pick<ServingCertificate, "ca">>;
  /** Aborts when this server begins to stop: it leads no more, and nothing more is begun here. */
  readonly stopping: AbortSignal;
  readonly times?: Partial<ServerTimes>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What runs here for subscribers of other servers. */
export interface ServedStreams {
  readonly channels: StreamChannels;
  readonly push: (channel: LiveChannel, data: Uint8Array) => Promise<void>;
}

/** This server among those that share its store. */
export interface Servers {
  readonly leading: Leading;
  /** Of all servers. */
  readonly plugins: PluginSource;
  readonly owners: ChannelOwners;
  readonly fanOut: FanOut;
  /** True once the others are known. */
  readonly areKnown: () => boolean;
  /** True for a plugin that another living server has. */
  isElsewhere(pluginId: string): boolean;
  /** What other servers ask is answered before `delegate` sees it. */
  withEndpoint(delegate: Handler, streams: () => ServedStreams | undefined): Handler;
  /** Watches the others; the lead is run for when `kube-system` is there. */
  start(lifetime: Lifetime): void;
  /** From now on the others know this one; `httpsPort` is part of its address where none was configured. */
  listensAt(httpsPort: number): void;
  /** The others need not wait for the end of its Lease. The API is still served. */
  leave(): Promise<void>;
}

const pushMs = 5_000;

/** Whatever proxies are believed besides: the servers of the store are. */
const withOwnName = (names: readonly string[]): readonly string[] => (names.length === 0 ? [] : [...names, frontProxyName]);

export function openServers(options: OpenServersOptions): Servers {
  const { client, plugins, stopping, clock, logger } = options;
  const id = newServerId();
  const times = { ...defaultTimes, ...options.times };
  const address = { url: options.config.advertiseUrl };
  const record = (): ServerRecord => ({
    id,
    url: address.url,
    version: version.server,
    caFingerprint: new X509Certificate(options.serving.current.ca).fingerprint256,
    plugins: plugins.list().map((plugin) => pluginRecord(plugin, stampOf(plugin.json))),
    isLeaving: stopping.aborted,
  });
  const living = new LivingServers({ client, id, clock, logger });
  const peers = new Peers({
    tls: () => ({ ca: options.serving.current.ca, ...options.certificates.frontProxy.current }),
    maxMessageBytes: options.config.maxPluginMessage,
  });
  const leading = new ElectedLeading({ client, identity: id, ...times.election, clock, logger });
  const owners = new ChannelOwnership({ id, servers: living, peers });
  const lease = new ServerLease({ client, record, ...times, clock, logger });
  const left = new AbortController();
  const running = new Set<Promise<void>>();
  const run = (work: Promise<void>): void => void running.add(work);
  leading.start("Leases of servers that are gone", () => forgottenServers({ client, living, clock }));

  return {
    leading,
    owners,
    plugins: new SharedPlugins({
      local: plugins,
      servers: living,
      peers,
      host: () => (address.url === "" ? "this server" : hostOf(address)),
      clock,
      logger,
    }),
    fanOut: async (channel, data) => {
      const args = { channel: { name: channelName(channel), namespace: channel.namespace } };
      await Promise.all(
        living.others().map(async ({ url }) => {
          const limit = new TimeLimit({ ms: pushMs });
          try {
            for await (const _ of peers.at(url).ask({ operation: "push", args, payload: data, signal: limit.signal }));
          } catch (thrown) {
            logger.warn({ url, reason: thrown instanceof Error ? thrown.message : "" }, "a message of Live did not reach another server");
          } finally {
            limit.release();
          }
        }),
      );
    },
    areKnown: () => living.hasSynced,
    isElsewhere: (pluginId) => living.others().some((server) => server.plugins.some((it) => it.id === pluginId)),
    withEndpoint: (delegate, streams) =>
      peerEndpoint(
        {
          authenticator: requestHeaderAuthenticator({
            ...remoteHeaders,
            ca: () => options.certificates.requestHeaderCa.current,
            allowedNames: withOwnName(options.config.requestHeaderAllowedNames),
          }),
          plugins,
          owners,
          channels: () => streams()?.channels,
          push: async (channel, data) => streams()?.push(channel, data),
          maxMessageBytes: options.config.maxPluginMessage,
          logger,
        },
        delegate,
      ),
    start(lifetime) {
      lifetime.start("servers of this store", living);
      const leavingLead = new AbortController();
      for (const signal of [stopping, left.signal, lifetime.signal]) signal.addEventListener("abort", () => leavingLead.abort(), { once: true });
      run(leading.run(leavingLead.signal));
    },
    listensAt(httpsPort) {
      if (address.url === "") address.url = `https://${hostname().toLowerCase()}:${httpsPort}`;
      const stop = plugins.onChange(() => lease.changed());
      stopping.addEventListener("abort", () => lease.changed(), { once: true });
      run(lease.run(left.signal).then(stop));
    },
    async leave() {
      left.abort();
      await Promise.all(running);
      peers.close();
    },
  };
}
