import { connect as connectPlain, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { certificatePem } from "../certificate.js";
import type { LinkTarget } from "../grpc-link.js";

/** A connected socket to a plugin, after the TLS handshake where there is one. Rejects when that fails or the signal aborts. */
export function connectSocket({ address, tls }: LinkTarget, signal: AbortSignal): Promise<Socket> {
  const place = address.network === "unix" ? { path: address.path } : { host: address.host, port: address.port };
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
      else resolve(socket.setNoDelay());
    });
  });
}

function secureSocket(
  place: { path: string } | { host: string; port: number },
  { key, cert, serverCert }: NonNullable<LinkTarget["tls"]>,
): TLSSocket {
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
