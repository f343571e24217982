import { type LookupAddress, lookup as systemLookup } from "node:dns";
import type { LookupFunction } from "node:net";
import type { ConnectionOptions } from "node:tls";
import { buildConnector } from "undici";
import { DestinationDenied } from "./destination-denied.js";
import { type DestinationRules, mayConnect, mayResolve, type UrlAuthor } from "./destination-rules.js";
import { meanings, parseIp } from "./ip-address.js";
import { hostOf } from "./outbound-url.js";

/** Looks up every address of a host name. */
export type ResolveHost = (hostname: string) => Promise<readonly LookupAddress[]>;

export const resolveBySystem: ResolveHost = (hostname) =>
  new Promise((resolve, reject) => {
    systemLookup(hostname, { all: true }, (error, addresses) => {
      if (error === null) resolve(addresses);
      else reject(error);
    });
  });

/** What of Node's TLS options a connection is opened with. */
export type ConnectorTls = Pick<ConnectionOptions, "rejectUnauthorized" | "ca" | "cert" | "key" | "servername">;

export interface GuardedConnectorOptions {
  readonly rules: DestinationRules;
  readonly author: UrlAuthor;
  readonly resolve: ResolveHost;
  readonly connectTimeoutMs: number;
  readonly tls: ConnectorTls;
}

/**
 * Opens connections to addresses that were checked, and to no other: a name is resolved once, what the rules forbid is left out, and
 * the socket gets those very addresses, so that a second answer of the DNS decides nothing. SNI and Host stay the name.
 */
export function guardedConnector({ rules, author, resolve, connectTimeoutMs, tls }: GuardedConnectorOptions): buildConnector.connector {
  const { servername, ...rest } = tls;
  return (options, callback) => {
    const host = hostOf(options.hostname);
    const port = Number(options.port) || (options.protocol === "https:" ? 443 : 80);
    const allowed = (address: string): boolean => {
      const bytes = parseIp(address);
      return bytes !== undefined && mayConnect(rules, author, { host, port, addresses: meanings(bytes) });
    };
    const literal = parseIp(host) !== undefined;
    if (literal ? !allowed(host) : !mayResolve(rules, { host, port, addresses: [] })) {
      queueMicrotask(() => callback(new DestinationDenied(), null));
      return;
    }
    // Made for each connection: the rules ask for its port.
    const connect = buildConnector({ ...rest, timeout: connectTimeoutMs, lookup: guardedLookup(resolve, allowed) });
    connect({ ...options, hostname: host, host: options.hostname, servername: servername ?? (literal ? "" : host) }, callback);
  };
}

function guardedLookup(resolve: ResolveHost, allowed: (address: string) => boolean): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname).then(
      (found) => {
        const addresses = found.filter(({ address }) => allowed(address));
        const [first] = addresses;
        if (first === undefined) callback(found.length === 0 ? notFound() : new DestinationDenied(), "", 0);
        else if (options.all === true) callback(null, [...addresses]);
        else callback(null, first.address, first.family);
      },
      (error: unknown) => callback(error instanceof Error ? error : notFound(), "", 0),
    );
  };
}

const notFound = (): NodeJS.ErrnoException => Object.assign(new Error("the host name has no address"), { code: "ENOTFOUND" });
