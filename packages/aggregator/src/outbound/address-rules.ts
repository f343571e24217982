import { type Cidr, contains, parseCidr, parseIp } from "./ip-address.js";

/** Destinations by host name, by host and port, and by block of addresses. */
export interface AddressRules {
  readonly blocks: readonly Cidr[];
  /** `host`, `host:port`, `[v6]:port`; lower case. */
  readonly hosts: ReadonlySet<string>;
}

/** Where a connection would go: the name that was asked for, its port, and the address. */
export interface Destination {
  /** Lower case; an IPv6 address without brackets. */
  readonly host: string;
  readonly port: number;
  /** With all that it means; empty while the name is not resolved. */
  readonly addresses: readonly Uint8Array[];
}

export const noRules: AddressRules = { blocks: [], hosts: new Set() };

/** Reads `10.0.0.0/8`, `::1`, `db.example.com`, `db.example.com:5432`, `[::1]:9090`. Throws an Error that names what is none of these. */
export function parseAddressRules(entries: readonly string[]): AddressRules {
  const blocks: Cidr[] = [];
  const hosts = new Set<string>();
  for (const entry of entries) {
    const cidr = parseCidr(entry);
    if (cidr !== undefined) blocks.push(cidr);
    else if (isHost(entry)) hosts.add(entry.toLowerCase());
    else throw new Error(`expected an address, a block of addresses, a host or host:port, found ${JSON.stringify(entry)}`);
  }
  return { blocks, hosts };
}

function isHost(entry: string): boolean {
  const match = /^(\[[^\]]*\]|[^:[\]]+)(?::(\d{1,5}))?$/.exec(entry);
  if (match === null || Number(match[2] ?? 0) > 65_535) return false;
  const host = match[1] ?? "";
  if (host.startsWith("[")) return parseIp(host.slice(1, -1)) !== undefined;
  return /^[\w.-]+$/.test(host);
}

export function covers({ blocks, hosts }: AddressRules, { host, port, addresses }: Destination): boolean {
  const named = host.includes(":") ? `[${host}]` : host;
  if (hosts.has(named) || hosts.has(`${named}:${port}`)) return true;
  return blocks.some((it) => addresses.some((address) => contains(it, address)));
}

export const isEmpty = ({ blocks, hosts }: AddressRules): boolean => blocks.length === 0 && hosts.size === 0;
