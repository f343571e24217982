import * as t from "../types/cel-type.js";
import { CelError, noSuchOverload } from "../values/cel-error.js";
import type { CelValue, OpaqueValue } from "../values/cel-value.js";
import { type FunctionTable, global, member, type Overload, text } from "./function-declaration.js";
import { type Address, parseAddress, shownAddress } from "./ip-address.js";

const ipType = t.opaque("net.IP");
const cidrType = t.opaque("net.CIDR");

class Ip implements OpaqueValue {
  readonly opaqueType = "net.IP";
  readonly address: Address;

  constructor(address: Address) {
    this.address = address;
  }

  /** What `string(ip)` gives. */
  get shown(): string {
    return shownAddress(this.address);
  }

  equals(other: OpaqueValue): boolean {
    return other instanceof Ip && other.address.bits === this.address.bits && other.address.value === this.address.value;
  }
}

class Cidr implements OpaqueValue {
  readonly opaqueType = "net.CIDR";
  readonly address: Address;
  readonly prefix: number;

  constructor(address: Address, prefix: number) {
    this.address = address;
    this.prefix = prefix;
  }

  get shown(): string {
    return `${shownAddress(this.address)}/${this.prefix}`;
  }

  equals(other: OpaqueValue): boolean {
    return other instanceof Cidr && other.shown === this.shown;
  }

  masked(): Address {
    const { bits, value } = this.address;
    const rest = BigInt(bits - this.prefix);
    return { bits, value: (value >> rest) << rest };
  }

  contains({ bits, value }: Address): boolean {
    if (bits !== this.address.bits) return false;
    const rest = BigInt(bits - this.prefix);
    return value >> rest === this.address.value >> rest;
  }
}

function parseCidr(value: string): Cidr | undefined {
  const [, host = "", length = ""] = /^([^/]*)\/(0|[1-9]\d{0,2})$/.exec(value) ?? [];
  const address = parseAddress(host);
  if (address === undefined || Number(length) > address.bits) return undefined;
  return new Cidr(address, Number(length));
}

function ipOf(value: string): Ip {
  const address = parseAddress(value);
  if (address === undefined)
    throw new CelError(
      `IP Address ${JSON.stringify(value.slice(0, 64))} parse error during conversion from string: ParseAddr(${JSON.stringify(value.slice(0, 64))}): unable to parse IP`,
    );
  return new Ip(address);
}

function cidrOf(value: string): Cidr {
  const found = parseCidr(value);
  if (found === undefined) throw new CelError(`network address parse error during conversion from string: ${JSON.stringify(value.slice(0, 64))}`);
  return found;
}

function ip(value: CelValue | undefined): Ip {
  if (value instanceof Ip) return value;
  throw noSuchOverload();
}

function cidr(value: CelValue | undefined): Cidr {
  if (value instanceof Cidr) return value;
  throw noSuchOverload();
}

/** Whether the address lies in the network of its family; undefined networks hold nothing. */
const within = (ipv4: string | undefined, ipv6: string | undefined): readonly Overload[] => {
  const networks = [ipv4, ipv6].flatMap((network) => (network === undefined ? [] : [cidrOf(network)]));
  return [member([ipType], t.bool, (value) => networks.some((network) => network.contains(ip(value).address)))];
};

const isUnspecified = ({ value }: Address): boolean => value === 0n;
// Well-known networks, not anybody's.
/* eslint-disable sonarjs/no-hardcoded-ip */
const linkLocalNetworks = ["127.0.0.0/8", "::1/128", "169.254.0.0/16", "fe80::/10", "224.0.0.0/4", "ff00::/8", "255.255.255.255/32"].map(cidrOf);
const isGlobalUnicast = (address: Address): boolean => !isUnspecified(address) && !linkLocalNetworks.some((network) => network.contains(address));

const containsCidr = (outer: Cidr, inner: Cidr): boolean => inner.prefix >= outer.prefix && outer.contains(inner.address);

/** Kubernetes' functions of IP addresses and networks. */
export const addressFunctions: FunctionTable = {
  ip: [global([t.string], ipType, (value) => ipOf(text(value))), member([cidrType], ipType, (value) => new Ip(cidr(value).address))],
  isIP: [global([t.string], t.bool, (value) => parseAddress(text(value)) !== undefined)],
  "ip.isCanonical": [global([t.string], t.bool, (value) => ipOf(text(value)).shown === text(value))],
  family: [member([ipType], t.int, (value) => (ip(value).address.bits === 32 ? 4n : 6n))],
  isUnspecified: [member([ipType], t.bool, (value) => isUnspecified(ip(value).address))],
  isLoopback: within("127.0.0.0/8", "::1/128"),
  isLinkLocalMulticast: within("224.0.0.0/24", "ff02::/16"),
  isLinkLocalUnicast: within("169.254.0.0/16", "fe80::/10"),
  isGlobalUnicast: [member([ipType], t.bool, (value) => isGlobalUnicast(ip(value).address))],
  cidr: [global([t.string], cidrType, (value) => cidrOf(text(value)))],
  isCIDR: [global([t.string], t.bool, (value) => parseCidr(text(value)) !== undefined)],
  containsIP: [
    member([cidrType, t.string], t.bool, (network, address) => cidr(network).contains(ipOf(text(address)).address)),
    member([cidrType, ipType], t.bool, (network, address) => cidr(network).contains(ip(address).address)),
  ],
  containsCIDR: [
    member([cidrType, t.string], t.bool, (outer, inner) => containsCidr(cidr(outer), cidrOf(text(inner)))),
    member([cidrType, cidrType], t.bool, (outer, inner) => containsCidr(cidr(outer), cidr(inner))),
  ],
  masked: [member([cidrType], cidrType, (value) => new Cidr(cidr(value).masked(), cidr(value).prefix))],
  prefixLength: [member([cidrType], t.int, (value) => BigInt(cidr(value).prefix))],
};
