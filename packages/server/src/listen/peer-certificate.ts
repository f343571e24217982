import type { X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";

/** A property, for Node shows the socket of an HTTP/2 request through a proxy, which no map knows. */
const certificate = Symbol("peer certificate");

/** Chains by the fingerprint of their leaf; more than this and all are forgotten. */
const maxChains = 1_000;

/** What clients showed in their handshakes, read once for each connection. */
export class PeerCertificates {
  readonly #chains = new Map<string, X509Certificate>();

  /** Called when the handshake is done. */
  remember(socket: TLSSocket): void {
    const shown = socket.getPeerX509Certificate();
    if (shown !== undefined) Object.assign(socket, { [certificate]: this.#withChain(shown) });
  }

  /** A resumed session knows the leaf alone; the chain came when the session began. */
  #withChain(shown: X509Certificate): X509Certificate {
    if (shown.issuerCertificate === undefined) return this.#chains.get(shown.fingerprint256) ?? shown;
    if (this.#chains.size >= maxChains) this.#chains.clear();
    this.#chains.set(shown.fingerprint256, shown);
    return shown;
  }
}

/** Of the connection that a request came over; undefined in the clear, or where the client showed none. */
export const peerCertificateOf = (socket: object): X509Certificate | undefined =>
  certificate in socket ? (socket[certificate] as X509Certificate | undefined) : undefined;
