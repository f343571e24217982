import { isIPv4 } from "node:net";
import type { LinkTarget } from "./grpc-link.js";

/** The one line that a plugin prints when it listens: `1|2|unix|/tmp/plugin123|grpc|<certificate>`. */
export interface Handshake {
  readonly address: LinkTarget["address"];
  /** DER of the plugin's certificate with AutoMTLS; undefined: the plugin speaks plaintext. */
  readonly serverCert: Uint8Array | undefined;
  /** The plugin can speak to its broker over the one connection (a seventh field). */
  readonly multiplex: boolean;
}

/** The line is not one that this host can use; the message says why. */
export class HandshakeError extends Error {
  override readonly name = "HandshakeError";
}

/** The cookie without which a plugin refuses to run, for data sources and apps alike. */
export const handshakeCookie = { name: "grafana_plugin_type", value: "datasource" } as const;
/** go-plugin's own version, and that of the `pluginv2` protocol. */
export const coreProtocolVersion = 1;
export const pluginProtocolVersion = 2;

/** Reads the handshake line: five fields (no TLS at all), six, or seven. Throws HandshakeError. */
export function parseHandshake(line: string): Handshake {
  const fields = line.trim().split("|");
  const [core, protocol, network, address, transport, certificate = "", multiplex = ""] = fields;
  if (network === undefined || address === undefined || transport === undefined || fields.length > 7) {
    throw new HandshakeError(`the plugin's first line is no handshake: ${shown(line)}`);
  }
  if (core !== String(coreProtocolVersion)) throw new HandshakeError(`core protocol version ${shown(core ?? "")} is not supported, only 1`);
  // A plugin answers 2 whatever it was asked for, and others may answer anything: the host must look.
  if (protocol !== String(pluginProtocolVersion))
    throw new HandshakeError(`plugin protocol version ${shown(protocol ?? "")} is not supported, only 2`);
  if (transport !== "grpc") throw new HandshakeError(`transport ${shown(transport)} is not supported, only grpc`);
  return { address: parseAddress(network, address), serverCert: parseCertificate(certificate), multiplex: multiplex === "true" };
}

function parseAddress(network: string, address: string): LinkTarget["address"] {
  if (network === "unix") {
    if (!address.startsWith("/") && !/^[A-Za-z]:[\\/]/.test(address)) throw new HandshakeError(`socket path ${shown(address)} is not absolute`);
    return { network: "unix", path: address };
  }
  if (network !== "tcp") throw new HandshakeError(`network ${shown(network)} is not supported, only unix and tcp`);
  const colon = address.lastIndexOf(":");
  const host = address.slice(0, Math.max(colon, 0)).replace(/^\[|\]$/g, "");
  const digits = address.slice(colon + 1);
  const port = /^\d{1,5}$/.test(digits) ? Number(digits) : 0;
  if (host === "" || port < 1 || port > 65_535) throw new HandshakeError(`TCP address ${shown(address)} is not host:port`);
  // The plugin runs on this machine; an address elsewhere would send secrets away.
  if (!isLoopback(host)) throw new HandshakeError(`TCP address ${shown(address)} is not on loopback`);
  return { network: "tcp", host, port };
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIPv4(host) && host.startsWith("127."));
}

function parseCertificate(field: string): Uint8Array | undefined {
  if (field === "") return undefined;
  // Base64 of DER, without padding; a certificate is a SEQUENCE (0x30).
  const der = Buffer.from(field, "base64");
  if (der[0] !== 0x30 || !/^[A-Za-z0-9+/]+={0,2}$/.test(field)) throw new HandshakeError("the plugin's certificate is not DER in base64");
  return new Uint8Array(der);
}

const shown = (text: string): string => JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
