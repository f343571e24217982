import { type ConnectOpts, connect as connectPlain, type OnReadOpts, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { certificatePem } from "../certificate.js";
import type { LinkTarget } from "../grpc-link.js";

/** A connected socket, whose bytes come to one listener and not as events: `data` is for its call alone, and its memory is used again. */
export interface ReadSocket {
  readonly socket: Socket;
  readonly listen: (listener: (data: Buffer) => void) => void;
}

/** A connected socket to a plugin, after the TLS handshake where there is one. Rejects when that fails or the signal aborts. */
export function connectSocket({ address, tls }: LinkTarget, signal: AbortSignal): Promise<ReadSocket> {
  const bytes = new ReceivedBytes();
  const place = { ...(address.network === "unix" ? { path: address.path } : { host: address.host, port: address.port }), onread: bytes.onread };
  const socket = tls === undefined ? connectPlain(place) : secureSocket(place, tls);
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => {
      socket.destroy();
      reject(error instanceof Error ? error : new Error("not connected in time"));
    };
    const abort = (): void => fail(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    socket.once("error", fail);
    socket.once(tls === undefined ? "connect" : "secureConnect", () => {
      signal.removeEventListener("abort", abort);
      socket.off("error", fail);
      if (tls !== undefined && (socket as TLSSocket).alpnProtocol !== "h2") fail(new Error("the plugin does not speak HTTP/2 over TLS"));
      else resolve({ socket: socket.setNoDelay(), listen: (listener) => bytes.listen(listener) });
    });
  });
}

type Place = ({ readonly path: string } | { readonly host: string; readonly port: number }) & Pick<ConnectOpts, "onread">;

function secureSocket(place: Place, { key, cert, serverCert }: NonNullable<LinkTarget["tls"]>): TLSSocket {
  return connectTls({
    ...place,
    key,
    cert,
    ca: certificatePem(serverCert),
    servername: "localhost",
    ALPNProtocols: ["h2"],
    // Whatever NODE_TLS_REJECT_UNAUTHORIZED says.
    rejectUnauthorized: true,
    // The certificate may be marked as a CA: one that it signed would pass the chain's check, but is not the one we were shown.
    checkServerIdentity: (_host, shown) =>
      Buffer.compare(shown.raw, serverCert) === 0 ? undefined : new Error("another certificate than the plugin announced"),
  });
}

/**
 * What every socket reads into. A new buffer for each read would be most of the garbage of a large message. One is enough: a socket reads
 * and its listener has returned before another reads.
 */
const readBuffer = Buffer.allocUnsafeSlow(256 * 1024);

/** Between a socket and its listener, which comes later: what is read before that is kept. */
class ReceivedBytes {
  readonly #early: Buffer[] = [];
  #listener: ((data: Buffer) => void) | undefined;

  readonly onread: OnReadOpts = {
    buffer: readBuffer,
    callback: (length) => {
      const data = readBuffer.subarray(0, length);
      if (this.#listener === undefined) this.#early.push(Buffer.from(data));
      else this.#listener(data);
      return true;
    },
  };

  listen(listener: (data: Buffer) => void): void {
    this.#listener = listener;
    for (const data of this.#early.splice(0)) listener(data);
  }
}
