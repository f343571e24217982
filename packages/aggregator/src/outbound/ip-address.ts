/* eslint-disable sonarjs/no-hardcoded-ip -- this file is about such addresses */
import { isIP } from "node:net";

/** The bytes of an IP address, 4 or 16 of them; undefined for any other text, also for one with a zone. */
export function parseIp(text: string): Uint8Array | undefined {
  const family = isIP(text);
  if (family === 4) return Uint8Array.from(text.split("."), Number);
  return family === 6 && !text.includes("%") ? parseIpv6(text) : undefined;
}

function parseIpv6(text: string): Uint8Array {
  const [head = "", tail] = text.split("::", 2);
  const [left, right] = [groupsOf(head), groupsOf(tail ?? "")];
  const groups = tail === undefined ? left : [...left, ...new Array<number>(8 - left.length - right.length).fill(0), ...right];
  return Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff]));
}

/** 16-bit groups; the last two may be written as IPv4. */
const groupsOf = (part: string): readonly number[] =>
  part === ""
    ? []
    : part.split(":").flatMap((group) => {
        if (!group.includes(".")) return [Number.parseInt(group, 16)];
        const [a = 0, b = 0, c = 0, d = 0] = group.split(".").map(Number);
        return [(a << 8) | b, (c << 8) | d];
      });

/** A block of addresses of one family. */
export interface Cidr {
  readonly address: Uint8Array;
  readonly bits: number;
}

/** `10.0.0.0/8`, `fe80::/10`, or one address; undefined for any other text. */
export function parseCidr(text: string): Cidr | undefined {
  const [base = "", length, ...more] = text.split("/");
  const address = parseIp(base);
  if (address === undefined || more.length > 0) return undefined;
  const all = address.length * 8;
  if (length === undefined) return { address, bits: all };
  const bits = Number(length);
  return /^\d{1,3}$/.test(length) && bits <= all ? { address, bits } : undefined;
}

export function contains({ address: base, bits }: Cidr, address: Uint8Array): boolean {
  if (base.length !== address.length) return false;
  return base.every((byte, index) => {
    const left = Math.min(8, Math.max(0, bits - index * 8));
    const mask = (0xff << (8 - left)) & 0xff;
    return (byte & mask) === ((address[index] ?? 0) & mask);
  });
}

interface Embedding {
  readonly prefix: Cidr;
  /** Where the IPv4 address begins, in bytes. */
  readonly at: number;
  /** Teredo writes it inverted. */
  readonly inverted?: boolean;
}

const block = (text: string): Cidr => {
  const cidr = parseCidr(text);
  if (cidr === undefined) throw new Error(`not a block of addresses: ${text}`);
  return cidr;
};

export const blocks = (...texts: readonly string[]): readonly Cidr[] => texts.map(block);

/** IPv6 forms that end up at an IPv4 address: mapped and compatible, NAT64 (RFC 6052, RFC 8215), 6to4, Teredo. */
const embeddings: readonly Embedding[] = [
  { prefix: block("::ffff:0:0/96"), at: 12 },
  { prefix: block("::ffff:0:0:0/96"), at: 12 },
  { prefix: block("::/96"), at: 12 },
  { prefix: block("64:ff9b::/96"), at: 12 },
  { prefix: block("64:ff9b:1::/48"), at: 12 },
  { prefix: block("2002::/16"), at: 2 },
  { prefix: block("2001::/32"), at: 12, inverted: true },
];

/** The address, and the IPv4 address that it stands for: a rule about either is a rule about it. */
export function meanings(address: Uint8Array): readonly Uint8Array[] {
  const inner = embeddings
    .filter(({ prefix }) => contains(prefix, address))
    .map(({ at, inverted }) => address.slice(at, at + 4).map((byte) => (inverted === true ? byte ^ 0xff : byte)));
  return [address, ...inner];
}
