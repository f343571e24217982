/* eslint-disable sonarjs/no-hardcoded-ip -- this file is about such addresses */
import { type AddressRules, covers, type Destination, isEmpty, noRules } from "./address-rules.js";
import { blocks, type Cidr, contains, parseIp } from "./ip-address.js";

/**
 * Who chose a URL. "administrator": it is a data source's own, and may name any host but the metadata addresses. "software": it comes
 * from a plugin.json, an object of the API or an answer, and may only name public addresses.
 */
export type UrlAuthor = "administrator" | "software";

export interface DestinationRules {
  /** `[dataproxy] deny_addresses`: never, whatever else is said. */
  readonly deny: AddressRules;
  /** `[dataproxy] allow_addresses`: also where it would be denied by default. */
  readonly allow: AddressRules;
  /** `[security] data_source_proxy_whitelist`: when there is one, an administrator's URL may name nothing else. */
  readonly whitelist: AddressRules;
}

export const defaultRules: DestinationRules = { deny: noRules, allow: noRules, whitelist: noRules };

/** Where clouds hand out credentials to whoever asks. */
const metadata = blocks("169.254.0.0/16", "fd00:ec2::/32", "100.100.100.200/32", "168.63.129.16/32", "192.0.0.192/32");

/** What is not the public internet: https://www.iana.org/assignments/iana-ipv4-special-registry and its IPv6 sister. */
const notPublic = blocks(
  ...["0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24"],
  ...["192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"],
  ...["::/128", "::1/128", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8", "2001:db8::/32", "100::/64", "64:ff9b:1::/48"],
);

/** Whether a name and port may be looked up at all: the rules that need no address. */
export const mayResolve = (rules: DestinationRules, destination: Destination): boolean => !covers(rules.deny, destination);

/** Whether a connection to this very address may be opened. */
export function mayConnect(rules: DestinationRules, author: UrlAuthor, destination: Destination): boolean {
  if (covers(rules.deny, destination)) return false;
  const within = (list: readonly Cidr[]): boolean => list.some((it) => destination.addresses.some((address) => contains(it, address)));
  // A name that is allowed does not take its DNS to where credentials lie: that needs the address itself.
  if (within(metadata)) return within(rules.allow.blocks) || (parseIp(destination.host) !== undefined && covers(rules.allow, destination));
  if (covers(rules.allow, destination)) return true;
  if (author === "software") return !within(notPublic);
  return isEmpty(rules.whitelist) || covers(rules.whitelist, destination);
}
